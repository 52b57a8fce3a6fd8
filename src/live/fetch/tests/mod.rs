//! Tests of fetching from correct and faulty holders.

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

struct FetchFixture {
    folder: tempfile::TempDir,
    files: FileStore,
    fetcher: Fetcher,
    events: Receiver<FetchEvent>,
}

fn fixture(settings: FetchSettings) -> FetchFixture {
    let folder = tempfile::tempdir().unwrap();
    let files = FileStore::open(folder.path(), SIZE_MAX_BYTES).unwrap();
    let (sender, events) = unbounded();
    let fetcher = Fetcher::new(files.clone(), settings, sender);
    FetchFixture {
        folder,
        files,
        fetcher,
        events,
    }
}

impl FetchFixture {
    fn start(&mut self, file: &FileInfo, holders: &[&str]) {
        let holders = holders.iter().map(|&base| base.to_owned()).collect();
        self.fetcher.start(file.clone(), holders);
    }

    /// The next end of a fetch, and the progress until then.
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

fn long_timeouts() -> FetchSettings {
    FetchSettings::default()
}

/// Settings for tests with silent holders.
fn short_timeouts() -> FetchSettings {
    FetchSettings {
        idle: Duration::from_secs(1),
        ..long_timeouts()
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
fn a_file_is_fetched_with_progress_events() {
    let content = content(700_000);
    let file = info(&content);
    let holder = Holder::honest(&content);
    let mut fixture = fixture(long_timeouts());
    // The base address ends with a slash.
    fixture.start(&file, &[&format!("{}/", holder.base)]);
    let (end, progress) = fixture.end();
    assert_eq!(end.result, Ok(0));
    assert!(end.errors.is_empty(), "{:?}", end.errors);
    fixture.holds(&file, &content);
    assert_eq!(holder.requested_ranges(), [None]);
    assert_eq!((progress[0], progress.last()), (0, Some(&700_000)));
    assert!(progress.is_sorted() && progress.len() > 3, "{progress:?}");
    // A stored file is not requested.
    assert_eq!(fixture.fetch(&file, &[&holder.base]).result, Ok(0));
    assert_eq!(holder.requested_ranges(), [None]);
    let empty = info(b"");
    assert_eq!(fixture.fetch(&empty, &[&holder.base]).result, Ok(0));
    fixture.holds(&empty, b"");
}

#[test]
fn a_broken_connection_is_resumed() {
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
        (_, None) => panic!("requested the whole file again"),
    });
    let mut fixture = fixture(long_timeouts());
    let end = fixture.fetch(&file, &[&holder.base]);
    assert_eq!(end.result, Ok(0));
    fixture.holds(&file, &content);
    assert_eq!(
        holder.requested_ranges(),
        [None, Some(100_000), Some(200_000)]
    );
}

#[test]
fn another_holder_resumes_the_download_also_after_a_restart() {
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
    let mut first = fixture(long_timeouts());
    let end = first.fetch(&file, &[&leaves.base, &Holder::absent()]);
    assert_eq!(end.result, Err(FetchError::Unreachable));
    assert_eq!(leaves.requested_ranges(), [None, Some(50_000)]);
    let holders: Vec<_> = end.errors.iter().map(|(holder, _)| *holder).collect();
    assert_eq!(holders, [0, 1]);
    assert_eq!(fs::read(first.part(&file)).unwrap(), content[..50_000]);
    first.holds_nothing();
    let FetchFixture {
        folder,
        files,
        fetcher,
        ..
    } = first;
    fetcher.stop();
    drop(files);
    let files = FileStore::open(folder.path(), SIZE_MAX_BYTES).unwrap();
    let (sender, events) = unbounded();
    let mut second = FetchFixture {
        folder,
        fetcher: Fetcher::new(files.clone(), long_timeouts(), sender),
        files,
        events,
    };
    let ends = Holder::honest(&content);
    let end = second.fetch(&file, &[&leaves.base, &ends.base]);
    assert_eq!(end.result, Ok(1));
    assert_eq!(ends.requested_ranges(), [Some(50_000)]);
    second.holds(&file, &content);
}

#[test]
fn wrong_content_is_discarded_and_the_next_holder_is_tried() {
    let content = content(200_000);
    let file = info(&content);
    let mut other = content.clone();
    other[150_000] ^= 1;
    let faulty = Holder::honest(&other);
    let mut fixture = fixture(long_timeouts());
    let end = fixture.fetch(&file, &[&faulty.base, &Holder::absent()]);
    assert_eq!(end.result, Err(FetchError::HashMismatch));
    assert!(matches!(end.errors[0], (0, DownloadError::Mismatch(_))));
    assert!(!fixture.part(&file).exists());
    fixture.holds_nothing();
    let honest = Holder::honest(&content);
    let end = fixture.fetch(&file, &[&faulty.base, &honest.base]);
    assert_eq!(end.result, Ok(1));
    assert_eq!(
        honest.requested_ranges(),
        [None],
        "no byte of the faulty holder is kept"
    );
    fixture.holds(&file, &content);
}

#[test]
fn a_download_that_a_faulty_holder_began_is_restarted_from_the_first_byte() {
    let content = content(200_000);
    let file = info(&content);
    let faulty = Holder::new(|stream, nth, _| match nth {
        0 => {
            head(stream, "200 OK", "Content-Length: 200000\r\n")?;
            stream.write_all(&[0; 100_000])
        }
        _ => Ok(()),
    });
    let honest = Holder::honest(&content);
    let mut fixture = fixture(long_timeouts());
    let end = fixture.fetch(&file, &[&faulty.base, &honest.base]);
    assert_eq!(end.result, Ok(1));
    assert_eq!(honest.requested_ranges(), [Some(100_000), None]);
    fixture.holds(&file, &content);
}

#[test]
fn a_holder_without_range_support_sends_the_whole_file() {
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
    let mut fixture = fixture(long_timeouts());
    fixture.start(&file, &[&holder.base]);
    let (end, progress) = fixture.end();
    assert_eq!(end.result, Ok(0));
    assert_eq!(holder.requested_ranges(), [None, Some(150_000)]);
    assert_eq!(progress.last(), Some(&200_000));
    fixture.holds(&file, &content);
}

#[test]
fn a_complete_partial_file_needs_no_holder() {
    let content = content(1_000);
    let file = info(&content);
    let mut fixture = fixture(long_timeouts());
    fs::write(fixture.part(&file), &content).unwrap();
    assert_eq!(fixture.fetch(&file, &[&Holder::absent()]).result, Ok(0));
    fixture.holds(&file, &content);
}

#[test]
fn local_errors_are_not_blamed_on_holders() {
    let content = content(1_000);
    let file = info(&content);
    let holder = Holder::honest(&content);
    let mut fixture = fixture(long_timeouts());
    let too_large = FileInfo {
        size_bytes: SIZE_MAX_BYTES + 1,
        ..file.clone()
    };
    let end = fixture.fetch(&too_large, &[&holder.base, &holder.base]);
    assert_eq!(end.result, Err(FetchError::Unreachable));
    assert!(matches!(
        end.errors[..],
        [(0, DownloadError::LocalStore(FilesError::TooLarge { .. }))]
    ));
    // A folder has the path of the partial file.
    fs::create_dir(fixture.part(&file)).unwrap();
    let end = fixture.fetch(&file, &[&holder.base, &holder.base]);
    assert!(
        matches!(end.errors[..], [(0, DownloadError::LocalStore(_))]),
        "{:?}",
        end.errors
    );
    assert_eq!(holder.requested_ranges(), []);
}

#[test]
fn concurrency_is_limited_and_all_fetches_end() {
    const CONCURRENT_MAX: usize = 2;
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let contents: Vec<_> = (1..=7).map(|nth| content(nth * 1_000)).collect();
    let (now_there, most_there) = (Arc::clone(&now), Arc::clone(&most));
    let (go_on, has_budget) = unbounded::<()>();
    // The holder has none of the files, and answers only when the test allows it.
    let holder = Holder::new(move |stream, _, _| {
        let running = now_there.fetch_add(1, Ordering::SeqCst) + 1;
        most_there.fetch_max(running, Ordering::SeqCst);
        let _ = has_budget.recv();
        now_there.fetch_sub(1, Ordering::SeqCst);
        head(stream, "404 Not Found", "Content-Length: 0\r\n")
    });
    let mut fixture = fixture(FetchSettings {
        concurrent_max: CONCURRENT_MAX,
        ..long_timeouts()
    });
    for content in &contents {
        fixture.start(&info(content), &[&holder.base]);
        // The file is already being fetched.
        fixture.start(&info(content), &[&holder.base]);
    }
    while now.load(Ordering::SeqCst) < CONCURRENT_MAX {
        thread::sleep(Duration::from_millis(1));
    }
    drop(go_on);
    let mut ended: Vec<_> = contents.iter().map(|_| fixture.end().0.sha256).collect();
    ended.sort();
    let mut expected: Vec<_> = contents
        .iter()
        .map(|content| info(content).sha256)
        .collect();
    expected.sort();
    assert_eq!(ended, expected);
    assert_eq!(most.load(Ordering::SeqCst), CONCURRENT_MAX);
    // All threads have ended; a new fetch starts one.
    let honest = Holder::honest(&contents[0]);
    assert_eq!(
        fixture.fetch(&info(&contents[0]), &[&honest.base]).result,
        Ok(0)
    );
}

#[test]
fn a_cancelled_fetch_sends_no_event_and_keeps_its_partial_file() {
    let contents = [content(100_000), content(1_000)];
    let files = contents.each_ref().map(|content| info(content));
    let (sender, arrived) = unbounded();
    let (go_on, has_budget) = unbounded::<()>();
    let sent = contents[0].clone();
    let holder = Holder::new(move |stream, _, range| {
        let from = range.unwrap_or(0);
        partial(stream, &sent, from, from + 10_000)?;
        sender.send(()).unwrap();
        let _ = has_budget.recv();
        stream.write_all(&sent[from + 10_000..])
    });
    let mut fixture = fixture(FetchSettings {
        concurrent_max: 1,
        ..long_timeouts()
    });
    fixture.start(&files[0], &[&holder.base]);
    fixture.start(&files[1], &[&holder.base]);
    arrived.recv().unwrap();
    // A queued fetch, a running fetch and an unknown one.
    for sha256 in [&files[1].sha256, &files[0].sha256, &"0".repeat(64)] {
        fixture.fetcher.cancel(sha256);
    }
    drop(go_on);
    fixture.fetcher.stop();
    assert!(
        fixture
            .events
            .try_iter()
            .all(|event| matches!(event, FetchEvent::Progress(_)))
    );
    assert_eq!(holder.requested_ranges().len(), 1);
    let BeginReceive::Partial(part) = fixture.files.begin(&files[0]).unwrap() else {
        panic!("the file is stored");
    };
    assert!(part.received_bytes() < 100_000);
}
