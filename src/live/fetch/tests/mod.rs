//! Tests of fetching, from holders that answer as holders should and as they should not.

mod fake_holder;
mod faulty_holders;

use super::*;
use crate::live::file_store::{BeginReceive, FilesError};
use crate::node::FileInfo;
use crossbeam_channel::{Receiver, unbounded};
use fake_holder::{Holder, head, partial, whole};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::AtomicUsize;

const SIZE_MAX_BYTES: u64 = 1 << 24;

struct Scene {
    folder: tempfile::TempDir,
    files: FileStore,
    fetcher: Fetcher,
    events: Receiver<FetchEvent>,
}

fn scene(settings: FetchSettings) -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let files = FileStore::open(folder.path(), SIZE_MAX_BYTES).unwrap();
    let (sender, events) = unbounded();
    let fetcher = Fetcher::new(files.clone(), settings, sender);
    Scene {
        folder,
        files,
        fetcher,
        events,
    }
}

impl Scene {
    fn start(&mut self, file: &FileInfo, holders: &[&str]) {
        let holders = holders.iter().map(|&base| base.to_owned()).collect();
        self.fetcher.start(file.clone(), holders);
    }

    /// The next end, and the progress until then.
    fn end(&self) -> (FetchEnd, Vec<u64>) {
        let mut progress = Vec::new();
        loop {
            match self.events.recv().unwrap() {
                FetchEvent::Progress(at) => {
                    assert!(at.received_bytes <= at.size_bytes);
                    progress.push(at.received_bytes);
                }
                FetchEvent::End(end) => return (end, progress),
            }
        }
    }

    fn fetch(&mut self, file: &FileInfo, holders: &[&str]) -> FetchEnd {
        self.start(file, holders);
        let (end, _) = self.end();
        assert_eq!(end.sha256, file.sha256);
        end
    }

    fn holds(&self, file: &FileInfo, content: &[u8]) {
        let stored = self.files.find(&file.sha256).unwrap();
        assert_eq!(fs::read(stored.path).unwrap(), content);
        assert!(!self.part(file).exists());
    }

    fn part(&self, file: &FileInfo) -> std::path::PathBuf {
        self.folder.path().join(".parts").join(&file.sha256)
    }

    fn holds_nothing(&self) {
        let is_hidden = |path: &Path| path.ends_with(".parts");
        let names = fs::read_dir(self.folder.path()).unwrap();
        let mut paths = names.map(|entry| entry.unwrap().path());
        assert_eq!(paths.find(|path| !is_hidden(path)), None);
    }
}

fn patient() -> FetchSettings {
    FetchSettings::default()
}

/// For holders that say nothing.
fn impatient() -> FetchSettings {
    FetchSettings {
        idle: Duration::from_secs(1),
        ..patient()
    }
}

fn content(size_bytes: usize) -> Vec<u8> {
    (0..size_bytes).map(|at| (at * 7 % 251) as u8).collect()
}

fn info(content: &[u8]) -> FileInfo {
    use std::fmt::Write;
    let mut sha256 = String::new();
    for byte in Sha256::digest(content) {
        write!(sha256, "{byte:02x}").unwrap();
    }
    FileInfo {
        name: "photo.jpg".to_owned(),
        size_bytes: content.len() as u64,
        sha256,
    }
}

#[test]
fn a_file_is_fetched_whole_and_its_progress_is_told() {
    let content = content(700_000);
    let file = info(&content);
    let holder = Holder::honest(&content);
    let mut scene = scene(patient());
    // As a person may write it.
    scene.start(&file, &[&format!("{}/", holder.base)]);
    let (end, progress) = scene.end();
    assert_eq!(end.result, Ok(0));
    assert!(end.errors.is_empty(), "{:?}", end.errors);
    scene.holds(&file, &content);
    assert_eq!(holder.asked(), [None]);
    assert_eq!((progress[0], progress.last()), (0, Some(&700_000)));
    assert!(progress.is_sorted() && progress.len() > 3, "{progress:?}");
    // Who holds a file does not ask for it.
    assert_eq!(scene.fetch(&file, &[&holder.base]).result, Ok(0));
    assert_eq!(holder.asked(), [None]);
    let empty = info(b"");
    assert_eq!(scene.fetch(&empty, &[&holder.base]).result, Ok(0));
    scene.holds(&empty, b"");
}

#[test]
fn a_fetch_goes_on_where_the_connection_broke() {
    let content = content(300_000);
    let file = info(&content);
    let sent = content.clone();
    let holder = Holder::new(move |stream, nth, range| match (nth, range) {
        (0, _) => {
            head(stream, "200 OK", "Content-Length: 300000\r\n")?;
            stream.write_all(&sent[..100_000])
        }
        (1, Some(from)) => partial(stream, &sent, from, 200_000),
        (_, Some(from)) => partial(stream, &sent, from, sent.len()),
        (_, None) => panic!("asked for everything again"),
    });
    let mut scene = scene(patient());
    let end = scene.fetch(&file, &[&holder.base]);
    assert_eq!(end.result, Ok(0));
    scene.holds(&file, &content);
    assert_eq!(holder.asked(), [None, Some(100_000), Some(200_000)]);
}

#[test]
fn what_one_holder_has_begun_another_one_ends_also_in_another_life() {
    let content = content(300_000);
    let file = info(&content);
    let sent = content.clone();
    let leaves = Holder::new(move |stream, nth, _| match nth {
        0 => {
            head(stream, "200 OK", "Content-Length: 300000\r\n")?;
            stream.write_all(&sent[..50_000])
        }
        _ => Ok(()),
    });
    let mut first = scene(patient());
    let end = first.fetch(&file, &[&leaves.base, &Holder::absent()]);
    assert_eq!(end.result, Err(FetchError::Unreachable));
    assert_eq!(leaves.asked(), [None, Some(50_000)]);
    let holders: Vec<_> = end.errors.iter().map(|(holder, _)| *holder).collect();
    assert_eq!(holders, [0, 1]);
    assert_eq!(fs::read(first.part(&file)).unwrap(), content[..50_000]);
    first.holds_nothing();
    let Scene {
        folder,
        files,
        fetcher,
        ..
    } = first;
    fetcher.stop();
    drop(files);
    let files = FileStore::open(folder.path(), SIZE_MAX_BYTES).unwrap();
    let (sender, events) = unbounded();
    let mut second = Scene {
        folder,
        fetcher: Fetcher::new(files.clone(), patient(), sender),
        files,
        events,
    };
    let ends = Holder::honest(&content);
    let end = second.fetch(&file, &[&leaves.base, &ends.base]);
    assert_eq!(end.result, Ok(1));
    assert_eq!(ends.asked(), [Some(50_000)]);
    second.holds(&file, &content);
}

#[test]
fn other_content_is_thrown_away_and_the_next_holder_is_asked() {
    let content = content(200_000);
    let file = info(&content);
    let mut other = content.clone();
    other[150_000] ^= 1;
    let liar = Holder::honest(&other);
    let mut scene = scene(patient());
    let end = scene.fetch(&file, &[&liar.base, &Holder::absent()]);
    assert_eq!(end.result, Err(FetchError::HashMismatch));
    assert!(matches!(end.errors[0], (0, DownloadError::Mismatch(_))));
    assert!(!scene.part(&file).exists());
    scene.holds_nothing();
    let honest = Holder::honest(&content);
    let end = scene.fetch(&file, &[&liar.base, &honest.base]);
    assert_eq!(end.result, Ok(1));
    assert_eq!(
        honest.asked(),
        [None],
        "nothing of the liar's is gone on with"
    );
    scene.holds(&file, &content);
}

#[test]
fn who_ends_what_a_liar_has_begun_is_asked_for_all_of_it() {
    let content = content(200_000);
    let file = info(&content);
    let liar = Holder::new(|stream, nth, _| match nth {
        0 => {
            head(stream, "200 OK", "Content-Length: 200000\r\n")?;
            stream.write_all(&[0; 100_000])
        }
        _ => Ok(()),
    });
    let honest = Holder::honest(&content);
    let mut scene = scene(patient());
    let end = scene.fetch(&file, &[&liar.base, &honest.base]);
    assert_eq!(end.result, Ok(1));
    assert_eq!(honest.asked(), [Some(100_000), None]);
    scene.holds(&file, &content);
}

#[test]
fn a_holder_that_knows_no_ranges_sends_all_of_it() {
    let content = content(200_000);
    let file = info(&content);
    let sent = content.clone();
    let holder = Holder::new(move |stream, nth, _| match nth {
        0 => {
            head(stream, "200 OK", "Content-Length: 200000\r\n")?;
            stream.write_all(&sent[..150_000])
        }
        _ => whole(stream, &sent),
    });
    let mut scene = scene(patient());
    scene.start(&file, &[&holder.base]);
    let (end, progress) = scene.end();
    assert_eq!(end.result, Ok(0));
    assert_eq!(holder.asked(), [None, Some(150_000)]);
    assert_eq!(progress.last(), Some(&200_000));
    scene.holds(&file, &content);
}

#[test]
fn a_part_that_is_whole_already_needs_nobody() {
    let content = content(1_000);
    let file = info(&content);
    let mut scene = scene(patient());
    fs::write(scene.part(&file), &content).unwrap();
    assert_eq!(scene.fetch(&file, &[&Holder::absent()]).result, Ok(0));
    scene.holds(&file, &content);
}

#[test]
fn a_trouble_of_ones_own_is_nobody_elses() {
    let content = content(1_000);
    let file = info(&content);
    let holder = Holder::honest(&content);
    let mut scene = scene(patient());
    let too_large = FileInfo {
        size_bytes: SIZE_MAX_BYTES + 1,
        ..file.clone()
    };
    let end = scene.fetch(&too_large, &[&holder.base, &holder.base]);
    assert_eq!(end.result, Err(FetchError::Unreachable));
    assert!(matches!(
        end.errors[..],
        [(0, DownloadError::Here(FilesError::TooLarge { .. }))]
    ));
    // Something is in the way of the part.
    fs::create_dir(scene.part(&file)).unwrap();
    let end = scene.fetch(&file, &[&holder.base, &holder.base]);
    assert!(
        matches!(end.errors[..], [(0, DownloadError::Here(_))]),
        "{:?}",
        end.errors
    );
    assert_eq!(holder.asked(), []);
}

#[test]
fn only_so_many_run_side_by_side_and_all_come_to_their_end() {
    const AT_ONCE_MAX: usize = 2;
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let contents: Vec<_> = (1..=7).map(|nth| content(nth * 1_000)).collect();
    let (now_there, most_there) = (Arc::clone(&now), Arc::clone(&most));
    let (go_on, may_go_on) = unbounded::<()>();
    // Whichever is asked for: it does not have it, and says so when it may.
    let holder = Holder::new(move |stream, _, _| {
        let running = now_there.fetch_add(1, Ordering::SeqCst) + 1;
        most_there.fetch_max(running, Ordering::SeqCst);
        let _ = may_go_on.recv();
        now_there.fetch_sub(1, Ordering::SeqCst);
        head(stream, "404 Not Found", "Content-Length: 0\r\n")
    });
    let mut scene = scene(FetchSettings {
        at_once_max: AT_ONCE_MAX,
        ..patient()
    });
    for content in &contents {
        scene.start(&info(content), &[&holder.base]);
        // It is known already.
        scene.start(&info(content), &[&holder.base]);
    }
    while now.load(Ordering::SeqCst) < AT_ONCE_MAX {
        thread::sleep(Duration::from_millis(1));
    }
    drop(go_on);
    let mut ended: Vec<_> = contents.iter().map(|_| scene.end().0.sha256).collect();
    ended.sort();
    let mut expected: Vec<_> = contents
        .iter()
        .map(|content| info(content).sha256)
        .collect();
    expected.sort();
    assert_eq!(ended, expected);
    assert_eq!(most.load(Ordering::SeqCst), AT_ONCE_MAX);
    // Nobody works any more; a new one gets a thread of its own.
    let honest = Holder::honest(&contents[0]);
    assert_eq!(
        scene.fetch(&info(&contents[0]), &[&honest.base]).result,
        Ok(0)
    );
}

#[test]
fn a_cancelled_fetch_ends_without_a_word_and_its_part_is_kept() {
    let contents = [content(100_000), content(1_000)];
    let files = contents.each_ref().map(|content| info(content));
    let (told, arrived) = unbounded();
    let (go_on, may_go_on) = unbounded::<()>();
    let sent = contents[0].clone();
    let holder = Holder::new(move |stream, _, range| {
        let from = range.unwrap_or(0);
        partial(stream, &sent, from, from + 10_000)?;
        told.send(()).unwrap();
        let _ = may_go_on.recv();
        stream.write_all(&sent[from + 10_000..])
    });
    let mut scene = scene(FetchSettings {
        at_once_max: 1,
        ..patient()
    });
    scene.start(&files[0], &[&holder.base]);
    scene.start(&files[1], &[&holder.base]);
    arrived.recv().unwrap();
    // One that waits, one that runs, one that is not there.
    for sha256 in [&files[1].sha256, &files[0].sha256, &"0".repeat(64)] {
        scene.fetcher.cancel(sha256);
    }
    drop(go_on);
    scene.fetcher.stop();
    assert!(
        scene
            .events
            .try_iter()
            .all(|event| matches!(event, FetchEvent::Progress(_)))
    );
    assert_eq!(holder.asked().len(), 1);
    let BeginReceive::Partial(part) = scene.files.begin(&files[0]).unwrap() else {
        panic!("it is here");
    };
    assert!(part.received_bytes() < 100_000);
}
