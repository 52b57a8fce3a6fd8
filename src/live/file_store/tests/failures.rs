//! Tests of failures: crashes, damage, other processes, and names and links that lead out of the folder.

use super::*;

#[test]
fn an_incomplete_upload_leaves_nothing() {
    let (folder, store) = opened();
    let mut upload = store.receive("a.txt").unwrap();
    upload.write(b"half of").unwrap();
    assert_eq!(parts_in(folder.path()), ["upload-0"]);
    drop(upload);
    assert_eq!(parts_in(folder.path()), [""; 0]);
    let mut upload = store.receive("a.txt").unwrap();
    upload.write(&[0; MAX as usize]).unwrap();
    let error = upload.write(b"x").unwrap_err();
    assert!(matches!(
        error,
        FilesError::TooLarge {
            size_max_bytes: MAX,
            ..
        }
    ));
    drop(upload);
    let mut upload = store.receive("a.txt").unwrap();
    upload.write(b"all of it").unwrap();
    assert_eq!(upload.finish().unwrap().file, info("a.txt", b"all of it"));
    // A crash leaves these files behind.
    fs::write(folder.path().join(PARTS).join("upload-7"), b"half").unwrap();
    fs::write(folder.path().join(PARTS).join(index::FILE_NEW), b"{").unwrap();
    drop(store);
    let store = FileStore::open(folder.path(), MAX).unwrap();
    assert_eq!(parts_in(folder.path()), [""; 0]);
    assert_eq!(store.list(), [info("a.txt", b"all of it")]);
}

#[test]
fn no_name_leads_out_of_the_folder() {
    let (folder, store) = opened();
    for name in ["../up", "a/b", "..", ".", "", "a\\b"] {
        let error = store.begin(&info(name, b"x")).unwrap_err();
        assert!(matches!(error, FilesError::Name { .. }), "{name}: {error}");
        assert!(matches!(store.receive(name), Err(FilesError::Name { .. })));
    }
    let mut sha256 = info("a", b"x");
    sha256.sha256 = format!("../{}", "0".repeat(61));
    assert!(matches!(store.begin(&sha256), Err(FilesError::Name { .. })));
    for (nth, name) in [".parts", ".bashrc", "NUL.txt"].into_iter().enumerate() {
        received(&store, name, &[nth as u8]);
    }
    assert_eq!(names_in(folder.path()), ["_NUL.txt", "_bashrc", "_parts"]);
    let large = FileInfo {
        size_bytes: MAX + 1,
        ..info("a", b"x")
    };
    assert!(matches!(
        store.begin(&large),
        Err(FilesError::TooLarge { .. })
    ));
}

#[test]
fn links_are_not_followed() {
    use std::os::unix::fs::symlink;
    let elsewhere = tempfile::tempdir().unwrap();
    let victim = elsewhere.path().join("victim");
    fs::write(&victim, b"precious").unwrap();
    let (folder, store) = opened();
    symlink(&victim, folder.path().join("a.txt")).unwrap();
    symlink(elsewhere.path().join("new"), folder.path().join("b.txt")).unwrap();
    let c = info("c.txt", b"content of c");
    symlink(&victim, folder.path().join(PARTS).join(&c.sha256)).unwrap();
    received(&store, "a.txt", b"content of a");
    received(&store, "b.txt", b"content of b");
    received(&store, "c.txt", b"content of c");
    assert!(folder.path().join("a (2).txt").is_file());
    assert!(folder.path().join("b (2).txt").is_file());
    assert_eq!(fs::read(&victim).unwrap(), b"precious");
    assert_eq!(names_in(elsewhere.path()), ["victim"]);
    assert!(matches!(
        store.describe("a.txt"),
        Err(FilesError::NotAFile { .. })
    ));
    assert_eq!(store.scan().unwrap(), [""; 0]);
    // A stored file is replaced by a link to the same content.
    let path = folder.path().join("c.txt");
    fs::rename(&path, elsewhere.path().join("c.txt")).unwrap();
    symlink(elsewhere.path().join("c.txt"), &path).unwrap();
    assert_eq!(store.find(&c.sha256), None);
    // The folder of partial files is a link.
    let folder = tempfile::tempdir().unwrap();
    symlink(elsewhere.path(), folder.path().join(PARTS)).unwrap();
    let error = FileStore::open(folder.path(), MAX).unwrap_err();
    assert!(matches!(error, FilesError::NotAFolder { .. }), "{error}");
}

#[test]
fn two_processes_do_not_share_a_folder() {
    let (folder, store) = opened();
    let part = begun(&store, &info("a", b"abc"));
    drop(store);
    // A partial file still holds the lock.
    let error = FileStore::open(folder.path(), MAX).unwrap_err();
    assert!(matches!(error, FilesError::InUse { .. }), "{error}");
    drop(part);
    FileStore::open(folder.path(), MAX).unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    let error = FileStore::open(&file, MAX).unwrap_err().to_string();
    assert!(
        error.contains("file: cannot create it") && error.contains("not a file"),
        "{error}"
    );
}

#[test]
fn a_damaged_index_is_refused() {
    let (folder, store) = opened();
    received(&store, "a.txt", b"abc");
    drop(store);
    let path = folder.path().join(PARTS).join("index.json");
    let good = fs::read_to_string(&path).unwrap();
    for (from, to, why) in [
        ("]}", "", "EOF"),
        (
            "\"version\":1",
            "\"version\":2",
            "expected version 1, found 2",
        ),
        (
            "\"stored_as\":\"a.txt\"",
            "\"stored_as\":\"../a.txt\"",
            "is not a file name",
        ),
        (
            "\"stored_as\":\"a.txt\"",
            "\"stored_as\":\"/etc/passwd\"",
            "is not a file name",
        ),
    ] {
        let bad = good.replace(from, to);
        assert_ne!(bad, good);
        fs::write(&path, bad).unwrap();
        let error = FileStore::open(folder.path(), MAX).unwrap_err().to_string();
        assert!(
            error.contains("index.json") && error.contains(why),
            "{error}"
        );
    }
    fs::write(&path, good).unwrap();
    assert_eq!(FileStore::open(folder.path(), MAX).unwrap().list().len(), 1);
}

#[test]
fn if_the_index_cannot_be_written_no_file_gets_a_name_and_none_is_lost() {
    let (folder, store) = opened();
    let obstacle = folder.path().join(PARTS).join(index::FILE_NEW);
    fs::create_dir(&obstacle).unwrap();
    let file = info("a.txt", b"abc");
    let mut part = begun(&store, &file);
    part.write(b"abc").unwrap();
    let error = part.finish().unwrap_err();
    assert!(matches!(error, FilesError::Io { .. }), "{error}");
    assert_eq!(names_in(folder.path()), [""; 0]);
    assert_eq!((store.list(), store.find(&file.sha256)), (vec![], None));
    let mut upload = store.receive("b.txt").unwrap();
    upload.write(b"b").unwrap();
    upload.finish().unwrap_err();
    assert_eq!(
        parts_in(folder.path()),
        [file.sha256.as_str(), index::FILE_NEW]
    );
    fs::remove_dir(&obstacle).unwrap();
    let part = begun(&store, &file);
    assert_eq!(part.received_bytes(), 3);
    part.finish().unwrap();
    assert_eq!(names_in(folder.path()), ["a.txt"]);
}

#[test]
fn a_crash_between_index_and_name_is_repaired() {
    let (folder, store) = opened();
    let stored = received(&store, "a.txt", b"abc");
    drop(store);
    // The crash came before the link.
    let part = folder.path().join(PARTS).join(&stored.file.sha256);
    fs::rename(&stored.path, part).unwrap();
    let store = FileStore::open(folder.path(), MAX).unwrap();
    assert_eq!(store.list(), []);
    begun(&store, &stored.file).finish().unwrap();
    // The crash came between the link and the removal of the partial file.
    let part = folder.path().join(PARTS).join(&stored.file.sha256);
    fs::hard_link(&stored.path, &part).unwrap();
    drop(store);
    let store = FileStore::open(folder.path(), MAX).unwrap();
    assert_eq!(store.find(&stored.file.sha256), Some(stored));
    assert_eq!(names_in(folder.path()), ["a.txt"]);
    assert_eq!(
        parts_in(folder.path()),
        [""; 0],
        "a stored file needs no partial file"
    );
}
