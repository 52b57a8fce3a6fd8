//! Opens the window, and reports a missing display as an error instead of macroquad's panic.

use super::frame;
use super::frame_meter::FrameMeter;
use super::options::{SessionFactory, TITLE, WindowError, WindowOptions};
use super::paint::{INDICES_MAX, VERTICES_MAX};
use crate::text::terminal;
use macroquad::conf::{Conf, UpdateTrigger};
use macroquad::miniquad;
use macroquad::texture::FilterMode;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;

pub(super) fn open(
    options: WindowOptions,
    factory: Arc<dyn SessionFactory>,
    meter: Option<FrameMeter>,
) -> Result<(), WindowError> {
    check_display()?;
    let is_open = Arc::new(AtomicBool::new(false));
    let (open_errors, open_error) = channel();
    let opened = Arc::clone(&is_open);
    let conf = conf(&options);
    let guard = PanicHookGuard::mute_until(Arc::clone(&is_open));
    let shown = catch_unwind(AssertUnwindSafe(|| {
        macroquad::Window::from_config(conf, async move {
            opened.store(true, Ordering::Relaxed);
            if let Err(why) = frame::run(options, factory, meter).await {
                drop(open_errors.send(why));
            }
        });
    }));
    drop(guard);
    match (shown, open_error.try_recv()) {
        (Ok(()), Ok(why)) => Err(WindowError::NotOpened(why)),
        (Ok(()), Err(_)) => Ok(()),
        // The window was open, so this panic is a bug and must not look like a missing display.
        (Err(panic), _) if is_open.load(Ordering::Relaxed) => resume_unwind(panic),
        (Err(_), _) => Err(WindowError::NotOpened(terminal::no_open_gl().to_owned())),
    }
}

/// A panic hook as the standard library stores it.
type PanicHook = Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync>;

/// Silences panic messages while the window is being created: miniquad panics if it finds no OpenGL, and the program
/// reports this as an error. Later panics are printed as usual.
struct PanicHookGuard {
    default_hook: Arc<PanicHook>,
}

impl PanicHookGuard {
    fn mute_until(is_open: Arc<AtomicBool>) -> PanicHookGuard {
        let default_hook: Arc<PanicHook> = Arc::new(panic::take_hook());
        let forward = Arc::clone(&default_hook);
        panic::set_hook(Box::new(move |info| {
            if is_open.load(Ordering::Relaxed) {
                forward(info);
            }
        }));
        PanicHookGuard { default_hook }
    }
}

impl Drop for PanicHookGuard {
    fn drop(&mut self) {
        let default_hook = Arc::clone(&self.default_hook);
        panic::set_hook(Box::new(move |info| default_hook(info)));
    }
}

fn conf(options: &WindowOptions) -> Conf {
    let all_input = UpdateTrigger {
        key_down: true,
        mouse_down: true,
        mouse_up: true,
        mouse_motion: true,
        mouse_wheel: true,
        specific_key: None,
        touch: true,
    };
    Conf {
        miniquad_conf: miniquad::conf::Conf {
            window_title: TITLE.to_owned(),
            window_width: options.size_px.0 as i32,
            window_height: options.size_px.1 as i32,
            high_dpi: true,
            icon: None,
            platform: miniquad::conf::Platform {
                blocking_event_loop: true,
                linux_wm_class: "quorumscope",
                ..miniquad::conf::Platform::default()
            },
            ..miniquad::conf::Conf::default()
        },
        update_on: Some(all_input),
        default_filter_mode: FilterMode::Linear,
        draw_call_vertex_capacity: VERTICES_MAX,
        draw_call_index_capacity: INDICES_MAX,
    }
}

/// Checks for a display. Platforms without X11 always have one.
///
/// # Errors
/// [`WindowError::NoDisplay`] if `DISPLAY` is not set or no X server answers there.
#[cfg(all(unix, not(target_os = "macos")))]
pub fn check_display() -> Result<(), WindowError> {
    use std::os::unix::net::UnixStream;
    let display = std::env::var("DISPLAY").unwrap_or_default();
    if display.is_empty() {
        return Err(WindowError::NoDisplay(
            terminal::no_display_variable().to_owned(),
        ));
    }
    let Some(socket) = local_socket(&display) else {
        // Only a connection attempt shows whether a remote display exists.
        return Ok(());
    };
    UnixStream::connect(&socket).map(drop).map_err(|error| {
        WindowError::NoDisplay(terminal::no_x_server(&display, &error.to_string()))
    })
}

/// Checks for a display. This platform always has one.
///
/// # Errors
/// None.
#[cfg(not(all(unix, not(target_os = "macos"))))]
pub fn check_display() -> Result<(), WindowError> {
    Ok(())
}

/// The Unix socket of a local display such as `:0` or `:78.0`; `None` for a remote display.
#[cfg(all(unix, not(target_os = "macos")))]
fn local_socket(display: &str) -> Option<String> {
    let number = display
        .strip_prefix(':')
        .or_else(|| display.strip_prefix("unix:"))?;
    let number = number.split('.').next()?;
    number
        .parse::<u32>()
        .ok()
        .map(|number| format!("/tmp/.X11-unix/X{number}"))
}

#[cfg(all(test, unix, not(target_os = "macos")))]
mod tests {
    use super::*;

    #[test]
    fn local_displays_have_a_socket() {
        assert_eq!(local_socket(":78.0").as_deref(), Some("/tmp/.X11-unix/X78"));
        assert_eq!(local_socket("unix:3").as_deref(), Some("/tmp/.X11-unix/X3"));
        assert_eq!(local_socket("host:0"), None);
        assert_eq!(local_socket(":x"), None);
    }
}
