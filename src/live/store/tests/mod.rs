//! Tests of the store: it contains the fold of all changes by [`Persisted::apply`](crate::node::Persisted::apply), in
//! spite of full disks, power failures, damage and other processes.

mod model;
mod opening;

use super::simulated_disk::SimulatedDisk;
use super::*;
use model::{ModelOp, StoreModel, append, ops};
use proptest::prelude::*;

fn all_of(store: &mut Store) -> Result<StoreModel, StoreError> {
    Ok(StoreModel {
        persisted: store.load()?,
        numbers: store.numbers()?,
        announcements: store.announcements()?,
    })
}

#[derive(Clone, Debug)]
enum StoreStep {
    /// The node commits changes. The disk fails after this many writes, and keeps failing until it is repaired.
    Keep(Vec<ModelOp>, Option<u32>),
    /// The process reads the stored state.
    Load,
    /// Power failure and restart.
    LosePower(u64),
}

fn steps() -> impl Strategy<Value = Vec<StoreStep>> {
    let fault = prop_oneof![2 => Just(None), 3 => (0..24u32).prop_map(Some)];
    let step = prop_oneof![
        6 => (ops(), fault).prop_map(|(ops, fault)| StoreStep::Keep(ops, fault)),
        1 => Just(StoreStep::Load),
        2 => any::<u64>().prop_map(StoreStep::LosePower),
    ];
    prop::collection::vec(step, 1..14)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
fn committed_state_survives_disk_errors_and_power_failures(steps in steps()) {
        let folder = tempfile::tempdir().unwrap();
        let disk = SimulatedDisk::with_store();
        let mut store = disk.open_store(folder.path()).unwrap();
        let mut kept = StoreModel::default();
// The batch that failed, and the states that the disk may contain after each attempt.
        let mut pending = WriteBatch::default();
        let mut possible = vec![kept.clone()];
        for step in steps {
            match step {
                StoreStep::Keep(ops, fault) => {
                    let mut after = kept.clone();
                    after.keep(&pending);
                    let more = after.batch(&ops);
                    after.keep(&more);
                    append(&mut pending, more);
                    disk.fail_after(fault);
                    possible.push(after.clone());
                    match store.commit(&pending) {
                        Ok(()) => {
                            kept = after;
                            pending = WriteBatch::default();
                            possible = vec![kept.clone()];
                        }
                        Err(StoreError::Io { .. }) => prop_assert!(fault.is_some()),
                        Err(other) => prop_assert!(false, "{other}"),
                    }
                }
                StoreStep::Load => {
                    disk.fail_after(None);
                    let found = all_of(&mut store).unwrap();
                    prop_assert!(possible.contains(&found), "{found:?} is none of {possible:?}");
                }
                StoreStep::LosePower(survivors) => {
// Writes of the killed process are lost.
                    disk.fail_after(Some(0));
                    drop(store);
                    disk.lose_power(survivors);
                    store = disk.open_store(folder.path()).unwrap();
                    kept = all_of(&mut store).unwrap();
                    prop_assert!(possible.contains(&kept), "{kept:?} is none of {possible:?}");
                    pending = WriteBatch::default();
                    possible = vec![kept.clone()];
                }
            }
        }
        disk.fail_after(None);
        kept.keep(&pending);
        store.commit(&pending).unwrap();
        prop_assert_eq!(all_of(&mut store).unwrap(), kept);
    }
}

#[test]
fn the_cost_of_a_step_does_not_grow_with_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let disk = SimulatedDisk::with_store();
    let mut store = disk.open_store(folder.path()).unwrap();
    let mut kept = StoreModel::default();
    let mut costs_bytes = Vec::new();
    for (slots, value_bytes) in [(20, 200), (5_000, 200)] {
        let decide = vec![ModelOp::Decide(vec![7; value_bytes]); slots];
        let batch = kept.batch(&decide);
        kept.keep(&batch);
        store.commit(&batch).unwrap();
        let before = disk.written_bytes();
        let step = kept.batch(&[ModelOp::Decide(vec![8; value_bytes]), ModelOp::Count(0)]);
        kept.keep(&step);
        store.commit(&step).unwrap();
        costs_bytes.push(disk.written_bytes() - before);
    }
    assert_eq!(store.load().unwrap(), kept.persisted);
    // The log has grown by a megabyte; the step writes one or two more levels of the tree.
    assert!(
        costs_bytes[1] < costs_bytes[0] + (64 << 10),
        "{costs_bytes:?}"
    );
}

#[test]
fn starts_are_counted_from_the_raised_epoch_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    assert_eq!(store.begin_epoch().unwrap(), 1);
    let raised = WriteBatch {
        epoch: Some(7),
        ..WriteBatch::default()
    };
    store.commit(&raised).unwrap();
    drop(store);
    let mut store = Store::open(folder.path()).unwrap();
    assert_eq!(store.begin_epoch().unwrap(), 8);
}

#[test]
fn contradicting_batches_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let decided = |value: &str| WriteBatch {
        changes: vec![
            StateChange::Proposals(9),
            StateChange::Decided {
                slot: crate::scp::SlotIndex(1),
                value: value.into(),
            },
        ],
        ..WriteBatch::default()
    };
    let number = |key: &str| WriteBatch {
        numbers: vec![(NodeId(0), NodeKey::of(key))],
        changes: vec![StateChange::Proposals(1)],
        ..WriteBatch::default()
    };
    store.commit(&decided("a")).unwrap();
    store.commit(&decided("a")).unwrap();
    store.commit(&number("a")).unwrap();
    let kept = store.load().unwrap();
    for batch in [decided("b"), number("b")] {
        let error = store.commit(&batch).unwrap_err();
        assert!(matches!(error, StoreError::Contradiction { .. }), "{error}");
        assert_eq!(store.load().unwrap(), kept);
    }
    assert_eq!(store.numbers().unwrap(), [NodeKey::of("a")]);
}
