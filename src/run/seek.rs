//! `Seek`: moves the shown world to another instant, in portions that fit into frames.
//!
//! Seeking forward folds records into the shown state. Seeking back, or far ahead, folds a copy of the nearest keyframe;
//! the viewer sees the old state until it is ready.

use super::cursor::Cursor;
use super::feed::Feed;
use super::session::RunProgress;
use crate::time::Time;

/// About how many records are folded before the budget of the frame is checked again.
pub(super) const RECORDS_PER_CHUNK: usize = 400;

/// Whether a seek is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SeekProgress {
    Done,
    Pending,
}

/// A seek under way.
#[derive(Debug)]
pub(super) struct Seek {
    to: Time,
    /// The state being folded, unless the seek goes on from the one that is shown.
    other: Option<Box<Cursor>>,
    /// The instant to seek to afterwards.
    then: Option<Time>,
}

impl Seek {
    /// A seek from what `shown` shows to the instant `to`.
    pub(super) fn new(shown: &Cursor, feed: &Feed, to: Time) -> Seek {
        let (records, keyframe) = feed.history().keyframe_before(to);
        let goes_back = to < shown.fold.world.now;
        let is_shorter = records > shown.next + RECORDS_PER_CHUNK;
        let start = || Cursor {
            fold: keyframe.clone(),
            next: records,
        };
        Seek {
            to,
            other: (goes_back || is_shorter).then(|| Box::new(start())),
            then: None,
        }
    }

    /// The instant that the viewer sees in the end.
    pub(super) fn target(&self) -> Time {
        self.then.unwrap_or(self.to)
    }

    /// Seeks to `to` after this seek is done, so that the viewer sees intermediate worlds while scrubbing.
    pub(super) fn then(&mut self, to: Time) {
        self.then = Some(to);
    }

    /// Folds some more records.
    pub(super) fn fold_chunk(&mut self, shown: &mut Cursor, feed: &mut Feed) -> SeekProgress {
        let cursor = self.other.as_deref_mut().unwrap_or(shown);
        let history = feed.history();
        let from = cursor.next;
        cursor.next = history.play(&mut cursor.fold, from, self.to, RECORDS_PER_CHUNK);
        if cursor.next - from == RECORDS_PER_CHUNK {
            return SeekProgress::Pending;
        }
        let is_at_end = cursor.next == history.len();
        if is_at_end && feed.knows_until(self.to) {
            let progress = feed.advance(cursor, self.to, RECORDS_PER_CHUNK);
            return match progress {
                RunProgress::Limited => SeekProgress::Pending,
                RunProgress::Reached | RunProgress::Finished => SeekProgress::Done,
            };
        }
        SeekProgress::Done
    }

    /// Shows the world of the seek. Returns the instant to seek to next, if any.
    pub(super) fn finish(self, shown: &mut Cursor) -> Option<Time> {
        if let Some(other) = self.other {
            // Caches keyed by the version of the old world must not match the new one.
            let version = shown.fold.world.version.max(other.fold.world.version) + 1;
            *shown = *other;
            shown.fold.world.version = version;
        }
        shown.fold.world.advance_to(self.to);
        self.then
    }
}
