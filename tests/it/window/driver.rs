//! Test driver: a virtual X display, the program on it, and simulated pointer and keyboard input.

use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// X button that selects and proposes.
pub(super) const LEFT: &str = "1";
/// X button that selects and opens the context menu.
pub(super) const RIGHT: &str = "3";

/// Deadline of a wait, long enough for slow machines. Only a failing test takes this long.
const DEADLINE: Duration = Duration::from_secs(240);
/// Polling interval.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Size of the screen in pixels.
const SIZE: (u32, u32) = (1280, 800);

/// A virtual X server (Xvfb).
pub(super) struct VirtualDisplay {
    server: Child,
    display: String,
    folder: tempfile::TempDir,
}

pub(super) fn pause(span: Duration) {
    std::thread::sleep(span);
}

/// A command for a required tool; panics with the package to install if it is missing.
fn tool(name: &str, package: &str) -> Command {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(name).exists()));
    assert!(
        found,
        "the window tests need {name}; on Debian: apt-get install {package}"
    );
    Command::new(name)
}

impl VirtualDisplay {
    /// Starts an X server on a free display number.
    pub(super) fn new() -> VirtualDisplay {
        let folder = tempfile::tempdir().unwrap();
        let mut server = tool("Xvfb", "xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                &format!("{}x{}x24", SIZE.0, SIZE.1),
                "-nolisten",
                "tcp",
                // Without this option, the server resets when its last client disconnects, and drops a client that
                // connects just then.
                "-noreset",
                "-fbdir",
            ])
            .arg(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap())
            .read_line(&mut number)
            .unwrap();
        let display = format!(":{}", number.trim());
        assert!(display.len() > 1, "Xvfb did not start");
        VirtualDisplay {
            server,
            display,
            folder,
        }
    }

    /// Starts the program with a trace file and waits for its window.
    pub(super) fn start(&self, args: &[&str]) -> WindowProgram {
        self.show(&[args, &["--trace", "trace.jsonl"]].concat())
    }

    /// Starts the program without a trace file.
    pub(super) fn show(&self, args: &[&str]) -> WindowProgram {
        let folder = tempfile::tempdir_in(self.folder.path()).unwrap().keep();
        let mut child = Command::new(env!("CARGO_BIN_EXE_quorumscope"))
            .args(args)
            .args([
                "--print-positions",
                "--size",
                &format!("{}x{}", SIZE.0, SIZE.1),
            ])
            .env("DISPLAY", &self.display)
            .env("LIBGL_ALWAYS_SOFTWARE", "1")
            .current_dir(&folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let positions = Arc::new(Mutex::new(NodePositions::default()));
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let shared = Arc::clone(&positions);
        std::thread::spawn(move || {
            lines
                .map_while(Result::ok)
                .for_each(|line| shared.lock().unwrap().read_line(&line))
        });
        let mut program = WindowProgram {
            child,
            display: self.display.clone(),
            folder,
            positions,
            window: String::new(),
        };
        let window = program.find_window();
        program.xdotool(&["windowfocus", &window]);
        program.window = window;
        program
    }

    /// Waits until a condition holds.
    pub(super) fn wait_until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        wait_until(what, &mut is_so);
    }

    /// The pixels of the screen, read from the server's framebuffer file in `xwd` format.
    pub(super) fn pixels(&self) -> Vec<[u8; 3]> {
        let mut file = Vec::new();
        fs::File::open(self.folder.path().join("Xvfb_screen0"))
            .unwrap()
            .read_to_end(&mut file)
            .unwrap();
        let word = |nth: usize| {
            u32::from_be_bytes(file[4 * nth..4 * nth + 4].try_into().unwrap()) as usize
        };
        let (header, colours, row, height) = (word(0), word(19), word(12), word(5));
        let pixels = &file[header + 12 * colours..];
        pixels[..row * height]
            .chunks_exact(4)
            .map(|pixel| [pixel[0], pixel[1], pixel[2]])
            .collect()
    }
}

impl Drop for VirtualDisplay {
    fn drop(&mut self) {
        drop(self.server.kill());
        drop(self.server.wait());
    }
}

fn wait_until(what: &str, is_so: &mut dyn FnMut() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(since.elapsed() < DEADLINE, "timed out: {what}");
        pause(POLL_INTERVAL);
    }
}

/// Screen positions of nodes as printed by the program.
#[derive(Default)]
struct NodePositions {
    coming: BTreeMap<String, (f64, f64)>,
    now: BTreeMap<String, (f64, f64)>,
    newest: String,
}

impl NodePositions {
    fn read_line(&mut self, line: &str) {
        let Ok(line) = serde_json::from_str::<Value>(line) else {
            return;
        };
        if let Some(name) = line["node"].as_str() {
            let at = (line["x"].as_f64().unwrap(), line["y"].as_f64().unwrap());
            self.coming.insert(name.to_owned(), at);
            if !self.now.contains_key(name) {
                self.newest = name.to_owned();
            }
        } else {
            self.now = std::mem::take(&mut self.coming);
        }
    }
}

/// The running program and its window.
pub(super) struct WindowProgram {
    child: Child,
    display: String,
    folder: PathBuf,
    positions: Arc<Mutex<NodePositions>>,
    window: String,
}

impl WindowProgram {
    fn xdotool(&self, args: &[&str]) -> String {
        let output = tool("xdotool", "xdotool")
            .args(args)
            .env("DISPLAY", &self.display)
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn find_window(&self) -> String {
        let mut window = String::new();
        wait_until("a window opens", &mut || {
            window = self
                .xdotool(&["search", "--name", "^Quorumscope"])
                .lines()
                .next()
                .unwrap_or("")
                .to_owned();
            !window.is_empty()
        });
        window
    }

    /// Waits until the program reports this number of nodes.
    pub(super) fn wait_for_nodes(&self, count: usize) {
        wait_until(&format!("{count} nodes are shown"), &mut || {
            self.positions.lock().unwrap().now.len() == count
        });
    }

    /// Waits until the trace file stops growing, so that all proposals are decided.
    pub(super) fn wait_until_idle(&self) {
        let size = || {
            partial(&self.folder)
                .and_then(|path| fs::metadata(path).ok())
                .map_or(0, |file| file.len())
        };
        let (mut last, mut same_for) = (size(), 0);
        wait_until("everything settles", &mut || {
            let now = size();
            // A process that waits for a CPU is not idle.
            let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
            let state = stat
                .ok()
                .and_then(|stat| Some(stat.rsplit_once(") ")?.1.to_owned()));
            let sleeps = state.is_some_and(|state| state.starts_with('S'));
            same_for = if now == last && sleeps {
                same_for + 1
            } else {
                0
            };
            last = now;
            same_for >= 40
        });
    }

    /// Presses a key, given by its X keysym.
    pub(super) fn key(&self, name: &str) {
        self.xdotool(&["key", name]);
        pause(Duration::from_millis(150));
    }

    /// Moves the pointer.
    pub(super) fn point_at(&self, (x, y): (f64, f64)) {
        let (x, y) = (x.round().to_string(), y.round().to_string());
        self.xdotool(&["mousemove", "--window", &self.window, &x, &y]);
        pause(Duration::from_millis(150));
    }

    /// Clicks on a node.
    pub(super) fn click(&self, node: &str, button: &str) {
        let at = self.positions.lock().unwrap().now[node];
        self.point_at(at);
        self.press_button(button);
    }

    /// Clicks where the pointer is.
    pub(super) fn press(&self) {
        self.press_button(LEFT);
    }

    fn press_button(&self, button: &str) {
        self.xdotool(&["mousedown", button]);
        pause(Duration::from_millis(150));
        self.xdotool(&["mouseup", button]);
        pause(Duration::from_millis(300));
    }

    /// A point between the nodes, as far from all of them as possible.
    pub(super) fn free_place(&self) -> (f64, f64) {
        let nodes: Vec<(f64, f64)> = self
            .positions
            .lock()
            .unwrap()
            .now
            .values()
            .copied()
            .collect();
        let (min_x, max_x) = nodes.iter().fold((f64::MAX, 0.0f64), |(low, high), at| {
            (low.min(at.0), high.max(at.0))
        });
        let (min_y, max_y) = nodes.iter().fold((f64::MAX, 0.0f64), |(low, high), at| {
            (low.min(at.1), high.max(at.1))
        });
        let free = |at: (f64, f64)| {
            nodes
                .iter()
                .map(|node| (node.0 - at.0).hypot(node.1 - at.1))
                .fold(f64::MAX, f64::min)
        };
        let grid = (1..20).flat_map(|row| {
            (1..20).map(move |column| (f64::from(row) / 20.0, f64::from(column) / 20.0))
        });
        grid.map(|(x, y)| (min_x + x * (max_x - min_x), min_y + y * (max_y - min_y)))
            .max_by(|a, b| free(*a).total_cmp(&free(*b)))
            .unwrap()
    }

    /// Drops a file on the window, as a file manager does.
    pub(super) fn drop_file(&self, file: &Path) {
        super::xdnd::drop_file(&self.display, self.window.parse().unwrap(), file);
    }

    /// The node that was added last.
    pub(super) fn newest(&self) -> String {
        self.positions.lock().unwrap().newest.clone()
    }

    /// Waits for a screenshot and returns its PNG and SVG.
    pub(super) fn screenshots(&self) -> (Vec<u8>, String) {
        let find = |ending: &str| {
            files(&self.folder)
                .into_iter()
                .find(|path| path.extension().is_some_and(|e| e == ending))
        };
        wait_until("a screenshot is written", &mut || {
            find("png").is_some() && find("svg").is_some()
        });
        (
            fs::read(find("png").unwrap()).unwrap(),
            fs::read_to_string(find("svg").unwrap()).unwrap(),
        )
    }

    /// Closes the window, checks the exit status and returns the path of the trace.
    pub(super) fn quit(&mut self) -> PathBuf {
        self.xdotool(&["key", "ctrl+q"]);
        let child = &mut self.child;
        let mut status = None;
        wait_until("the program ends", &mut || {
            status = child.try_wait().unwrap();
            status.is_some()
        });
        assert!(status.unwrap().success(), "{status:?}");
        self.folder.join("trace.jsonl")
    }
}

impl Drop for WindowProgram {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}

/// The trace file while it is being written.
fn partial(folder: &Path) -> Option<PathBuf> {
    files(folder)
        .into_iter()
        .find(|path| path.to_string_lossy().contains("trace.jsonl"))
}

/// The pixels of a PNG.
pub(super) fn decode_png(bytes: &[u8]) -> Vec<[u8; 3]> {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
        .read_info()
        .unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let size = info.color_type.samples();
    pixels[..info.buffer_size()]
        .chunks_exact(size)
        .map(|pixel| [pixel[0], pixel[1 % size], pixel[2 % size]])
        .collect()
}
