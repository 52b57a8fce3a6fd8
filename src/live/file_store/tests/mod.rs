//! Tests of the file store: no partial or wrong file gets a name, and no named file is lost.

mod failures;

use super::*;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

const MAX: u64 = 1 << 20;

fn info(name: &str, content: &[u8]) -> FileInfo {
    let mut hash = Sha256::new();
    hash.update(content);
    FileInfo {
        name: name.to_owned(),
        size_bytes: content.len() as u64,
        sha256: hash::digits(hash),
    }
}

fn opened() -> (tempfile::TempDir, FileStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::open(folder.path(), MAX).unwrap();
    (folder, store)
}

fn begun(store: &FileStore, file: &FileInfo) -> PartialFile {
    match store.begin(file).unwrap() {
        BeginReceive::Partial(part) => part,
        BeginReceive::AlreadyStored(stored) => panic!("{stored:?} exists"),
    }
}

fn received(store: &FileStore, name: &str, content: &[u8]) -> StoredFile {
    let mut part = begun(store, &info(name, content));
    part.write(content).unwrap();
    part.finish().unwrap()
}

/// Names in the folder, without the folder of partial files.
fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != PARTS)
        .collect();
    names.sort();
    names
}

/// Partial files on the disk.
fn parts_in(folder: &Path) -> Vec<String> {
    let mut names = names_in(&folder.join(PARTS));
    names.retain(|name| name != LOCK && name != "index.json");
    names
}

#[test]
fn a_received_file_keeps_its_name_after_reopening() {
    let (folder, store) = opened();
    let stored = received(&store, "photo.jpg", b"smile");
    assert_eq!(stored.path, folder.path().join("photo.jpg"));
    assert_eq!(fs::read(&stored.path).unwrap(), b"smile");
    assert_eq!(parts_in(folder.path()), [""; 0]);
    assert_eq!(store.find(&stored.file.sha256), Some(stored.clone()));
    drop(store);
    let store = FileStore::open(folder.path(), MAX).unwrap();
    assert_eq!(store.list(), [info("photo.jpg", b"smile")]);
    assert_eq!(store.find(&stored.file.sha256), Some(stored));
    assert_eq!(store.find(&"0".repeat(64)), None);
    let empty = received(&store, "empty", b"");
    assert_eq!(fs::read(empty.path).unwrap(), b"");
}

#[test]
fn files_with_equal_names_are_both_stored() {
    let (folder, store) = opened();
    fs::write(folder.path().join("photo.jpg"), b"mine").unwrap();
    received(&store, "photo.jpg", b"one");
    // Some file systems ignore case.
    received(&store, "Photo (2).JPG", b"two");
    received(&store, "photo.jpg", b"three");
    let expected = [
        ("Photo (2) (2).JPG", b"two".as_slice()),
        ("photo (2).jpg", b"one"),
        ("photo (3).jpg", b"three"),
        ("photo.jpg", b"mine"),
    ];
    assert_eq!(names_in(folder.path()), expected.map(|(name, _)| name));
    for (name, content) in expected {
        assert_eq!(fs::read(folder.path().join(name)).unwrap(), content);
    }
    let listed: std::collections::BTreeSet<_> =
        store.list().into_iter().map(|file| file.name).collect();
    assert_eq!(Vec::from_iter(listed), ["Photo (2).JPG", "photo.jpg"]);
}

#[test]
fn equal_content_is_stored_once() {
    let (folder, store) = opened();
    let first = received(&store, "a.txt", b"same");
    match store.begin(&info("b.txt", b"same")).unwrap() {
        BeginReceive::AlreadyStored(held) => assert_eq!(
            (held.file.name.as_str(), held.path),
            ("b.txt", first.path.clone())
        ),
        BeginReceive::Partial(part) => panic!("{part:?}"),
    }
    let mut upload = store.receive("c.txt").unwrap();
    upload.write(b"same").unwrap();
    let stored = upload.finish().unwrap();
    assert_eq!(stored.file, info("c.txt", b"same"));
    assert_eq!(stored.path, first.path);
    fs::write(folder.path().join("d.txt"), b"same").unwrap();
    assert_eq!(store.describe("d.txt").unwrap(), info("d.txt", b"same"));
    assert_eq!(store.list(), [info("a.txt", b"same")]);
    // The first copy is gone: the other one replaces it once it is described.
    fs::remove_file(&first.path).unwrap();
    assert_eq!(store.find(&first.file.sha256), None);
    store.describe("d.txt").unwrap();
    let path = folder.path().join("d.txt");
    assert_eq!(store.find(&first.file.sha256).unwrap().path, path);
}

#[test]
fn an_interrupted_download_is_resumed() {
    let (folder, store) = opened();
    let file = info("long.txt", b"beginning and end");
    let mut part = begun(&store, &file);
    part.write(b"beginning").unwrap();
    assert!(matches!(store.begin(&file), Err(FilesError::Busy { .. })));
    drop(part);
    assert_eq!(names_in(folder.path()), [""; 0]);
    drop(store);
    let store = FileStore::open(folder.path(), MAX).unwrap();
    let mut part = begun(&store, &file);
    assert_eq!(part.received_bytes(), 9);
    part.write(b" and end").unwrap();
    let stored = part.finish().unwrap();
    assert_eq!(fs::read(stored.path).unwrap(), b"beginning and end");
    // A partial file that is longer than the file is discarded.
    let file = info("short.txt", b"abc");
    fs::write(folder.path().join(PARTS).join(&file.sha256), b"abcdef").unwrap();
    assert_eq!(begun(&store, &file).received_bytes(), 0);
}

#[test]
fn a_partial_file_can_be_restarted_or_discarded() {
    let (folder, store) = opened();
    let file = info("a", b"abc");
    let mut part = begun(&store, &file);
    part.write(b"xyz").unwrap();
    part.restart().unwrap();
    part.write(b"ab").unwrap();
    part.write(b"c").unwrap();
    assert_eq!(fs::read(part.finish().unwrap().path).unwrap(), b"abc");
    let file = info("b", b"def");
    let mut part = begun(&store, &file);
    part.write(b"d").unwrap();
    part.discard().unwrap();
    assert_eq!(parts_in(folder.path()), [""; 0]);
    // An empty partial file is removed.
    assert_eq!(begun(&store, &file).received_bytes(), 0);
    assert_eq!(parts_in(folder.path()), [""; 0]);
}

#[test]
fn wrong_content_never_gets_a_name() {
    let (folder, store) = opened();
    let file = info("a.txt", b"right");
    let mut part = begun(&store, &file);
    part.write(b"wrong").unwrap();
    let error = part.finish().unwrap_err();
    assert!(matches!(error, FilesError::Hash { .. }), "{error}");
    assert_eq!(parts_in(folder.path()), [""; 0]);
    let mut part = begun(&store, &file);
    part.write(b"righ").unwrap();
    let error = part.write(b"t and more").unwrap_err();
    assert!(matches!(error, FilesError::TooLong { size_bytes: 5, .. }));
    assert_eq!(part.received_bytes(), 4);
    let error = part.finish().unwrap_err();
    assert!(matches!(
        error,
        FilesError::TooShort {
            received_bytes: 4,
            ..
        }
    ));
    assert_eq!(names_in(folder.path()), [""; 0]);
    let mut part = begun(&store, &file);
    assert_eq!(part.received_bytes(), 4, "received bytes are kept");
    part.write(b"t").unwrap();
    part.finish().unwrap();
}

#[test]
fn files_in_the_folder_can_be_described_by_name() {
    let (folder, store) = opened();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("mine.txt"), b"words").unwrap();
    fs::write(at("large"), vec![0; MAX as usize + 1]).unwrap();
    fs::write(at(".hidden"), b"secret").unwrap();
    fs::create_dir(at("folder")).unwrap();
    fs::write(at("folder/deep"), b"deep").unwrap();
    assert_eq!(store.scan().unwrap(), ["large", "mine.txt"]);
    let file = store.describe("mine.txt").unwrap();
    assert_eq!(file, info("mine.txt", b"words"));
    assert_eq!(store.scan().unwrap(), ["large"]);
    assert_eq!(store.find(&file.sha256).unwrap().path, at("mine.txt"));
    for name in [".hidden", "..", "folder/deep", "../x", "", ".parts/lock"] {
        let error = store.describe(name).unwrap_err();
        assert!(matches!(error, FilesError::Name { .. }), "{name}: {error}");
    }
    assert!(matches!(
        store.describe("folder"),
        Err(FilesError::NotAFile { .. })
    ));
    assert!(matches!(
        store.describe("large"),
        Err(FilesError::TooLarge { .. })
    ));
    let error = store.describe("missing").unwrap_err().to_string();
    assert!(error.contains("missing: cannot read"), "{error}");
}

#[test]
fn a_modified_file_is_not_found() {
    let (folder, store) = opened();
    let path = folder.path().join("a.txt");
    fs::write(&path, b"one").unwrap();
    let file = store.describe("a.txt").unwrap();
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let touch = |seconds| {
        let time = modified + std::time::Duration::from_secs(seconds);
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_modified(time).unwrap();
    };
    touch(10);
    assert!(
        store.find(&file.sha256).is_some(),
        "only its modification time has changed"
    );
    touch(20);
    drop(store);
    let store = FileStore::open(folder.path(), MAX).unwrap();
    assert!(
        store.find(&file.sha256).is_some(),
        "modified between two reads"
    );
    fs::write(&path, b"two").unwrap();
    touch(30);
    assert_eq!(store.find(&file.sha256), None);
    assert_eq!(store.list(), []);
    // The original content can be received again, and the modified file stays.
    received(&store, "a.txt", b"one");
    assert_eq!(names_in(folder.path()), ["a (2).txt", "a.txt"]);
    assert_eq!(fs::read(&path).unwrap(), b"two");
    fs::remove_file(folder.path().join("a (2).txt")).unwrap();
    drop(store);
    assert_eq!(FileStore::open(folder.path(), MAX).unwrap().list(), []);
}

#[cfg(unix)]
#[test]
fn concurrent_uploads_are_independent() {
    let (folder, store) = opened();
    std::thread::scope(|scope| {
        for nth in 0..8u8 {
            let store = store.clone();
            scope.spawn(move || {
                for round in 0..4u8 {
                    let mut upload = store.receive("same.txt").unwrap();
                    upload.write(&[nth, round]).unwrap();
                    upload.finish().unwrap();
                }
            });
        }
    });
    let mut contents: Vec<_> = names_in(folder.path())
        .iter()
        .map(|name| fs::read(folder.path().join(name)).unwrap())
        .collect();
    contents.sort();
    let expected: Vec<_> = (0..8u8)
        .flat_map(|nth| (0..4u8).map(move |round| vec![nth, round]))
        .collect();
    assert_eq!(contents, expected);
    assert_eq!(store.list().len(), 32);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn stored_content_equals_sent_content_despite_interruptions(
        content in prop::collection::vec(any::<u8>(), 0..3_000),
        cuts in prop::collection::vec((0..1_500usize, 0..3u8), 0..12),
    ) {
        let (folder, mut store) = opened();
        let file = info("a.bin", &content);
        let mut part = begun(&store, &file);
        for (length, interruption) in cuts {
            let from = part.received_bytes() as usize;
            let to = content.len().min(from + length);
            part.write(&content[from..to]).unwrap();
            if interruption > 0 {
                drop(part);
                if interruption > 1 {
                    drop(store);
                    store = FileStore::open(folder.path(), MAX).unwrap();
                }
                part = begun(&store, &file);
                prop_assert_eq!(part.received_bytes(), to as u64);
            }
        }
        let from = part.received_bytes() as usize;
        part.write(&content[from..]).unwrap();
        let stored = part.finish().unwrap();
        prop_assert_eq!(fs::read(stored.path).unwrap(), content);
        prop_assert_eq!(parts_in(folder.path()), [""; 0]);
    }
}
