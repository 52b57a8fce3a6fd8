//! Tests of opening a store: again, twice, of another version, damaged, without write permission.

use super::*;
use crate::scp::SlotIndex;
use redb::TableDefinition;
use std::sync::LazyLock;

/// A folder with a store, and its state.
fn filled() -> (tempfile::TempDir, StoreModel) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let mut kept = StoreModel::default();
    for nth in 0..40u8 {
        let batch = kept.batch(&[
            ModelOp::Number,
            ModelOp::Announcement(u32::from(nth), vec![nth; 300]),
            ModelOp::Decide(vec![nth; 200]),
            ModelOp::Pool(u32::from(nth)),
            ModelOp::Say(2, model::ModelStatement::Ballot, vec![nth]),
            ModelOp::Hold(nth),
            ModelOp::Trust(nth),
        ]);
        kept.keep(&batch);
        store.commit(&batch).unwrap();
    }
    (folder, kept)
}

fn error_of(folder: &Path) -> String {
    let error = Store::open(folder).unwrap_err().to_string();
    let path = folder.join(FILE).display().to_string();
    assert!(error.contains(&path), "{error}");
    error
}

#[test]
fn reopening_a_store_keeps_its_state() {
    let (folder, kept) = filled();
    let mut store = Store::open(folder.path()).unwrap();
    assert_eq!(all_of(&mut store).unwrap(), kept);
    assert_eq!(kept.persisted.decided.len(), 40);
    store.commit(&WriteBatch::default()).unwrap();
    drop(store);
    let mut store = Store::open(folder.path()).unwrap();
    assert_eq!(all_of(&mut store).unwrap(), kept);
}

#[test]
fn a_new_store_is_empty_and_its_folder_is_created() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("a/b");
    // A crash has interrupted the creation of the store.
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join(FILE_NEW), b"half of it").unwrap();
    let mut store = Store::open(&deep).unwrap();
    assert_eq!(all_of(&mut store).unwrap(), StoreModel::default());
    assert!(!deep.join(FILE_NEW).exists());
}

#[test]
fn two_processes_do_not_share_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert!(matches!(
        Store::open(folder.path()),
        Err(StoreError::InUse { .. })
    ));
    assert!(error_of(folder.path()).contains("another process"));
    drop(store);
    Store::open(folder.path()).unwrap();
}

#[test]
fn a_store_of_another_version_is_refused() {
    let settings: TableDefinition<&str, &[u8]> = TableDefinition::new("settings");
    for (version, found) in [(Some(&b"1"[..]), "1"), (None, "unknown")] {
        let (folder, _) = filled();
        let database = Database::create(folder.path().join(FILE)).unwrap();
        let transaction = database.begin_write().unwrap();
        let mut table = transaction.open_table(settings).unwrap();
        match version {
            Some(version) => table.insert("version", version).unwrap(),
            None => table.remove("version").unwrap(),
        };
        drop(table);
        transaction.commit().unwrap();
        drop(database);
        let error = error_of(folder.path());
        assert!(error.contains(&format!("format {found}")), "{error}");
    }
    // A database of another program.
    let folder = tempfile::tempdir().unwrap();
    Database::create(folder.path().join(FILE)).unwrap();
    assert!(error_of(folder.path()).contains("format unknown"));
}

#[test]
fn other_files_are_refused_and_not_changed() {
    for content in [&b""[..], b"notes of mine", &[0; 70_000]] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        fs::write(&path, content).unwrap();
        let error = error_of(folder.path());
        assert!(error.contains("damaged"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), content);
    }
}

#[test]
fn paths_that_cannot_be_folders_are_errors_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    for dir in [file.clone(), file.join("below")] {
        let error = error_of(&dir);
        assert!(error.contains("choose a folder, not a file"), "{error}");
    }
    // A folder has the name of the store.
    fs::create_dir(folder.path().join(FILE)).unwrap();
    assert!(error_of(folder.path()).contains("cannot open"));
}

#[test]
fn a_missing_decision_is_detected() {
    let (folder, _) = filled();
    let decided: TableDefinition<u64, &[u8]> = TableDefinition::new("decided");
    let database = Database::create(folder.path().join(FILE)).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(decided).unwrap().remove(7).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = Store::open(folder.path()).unwrap().load().unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("slot 7"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
fn damage_is_detected_or_harmless(at in 0.0..1.0f64, bits in 1..=255u8, cut in prop::option::weighted(0.2, 0.0..1.0f64)) {
        static FILLED: LazyLock<(Vec<u8>, StoreModel)> = LazyLock::new(|| {
            let (folder, kept) = filled();
            (fs::read(folder.path().join(FILE)).unwrap(), kept)
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let (mut bytes, kept) = (FILLED.0.clone(), &FILLED.1);
// Most of a small file is unused, so part of the damage is aimed at the header and the data.
        let reach = [bytes.len(), 160 << 10, 512][usize::from(bits % 3)];
        let at = at * reach.min(bytes.len()) as f64;
        bytes[at as usize] ^= bits;
        if let Some(cut) = cut {
            bytes.truncate((cut * bytes.len() as f64) as usize);
        }
        fs::write(&path, &bytes).unwrap();
        match Store::open(folder.path()).and_then(|mut store| all_of(&mut store)) {
            Ok(found) => {
                prop_assert_eq!(found.persisted.decided.last().unwrap().0, SlotIndex(40));
                prop_assert!(found == *kept, "{:?} differs from {:?}", found, kept);
            }
            Err(StoreError::Damaged { .. } | StoreError::Version { .. }) => {}
            Err(other) => prop_assert!(false, "{}", other),
        }
    }
}
