//! Token buckets: a rate limit for calls per source address, and a budget of signature checks per sender.
//!
//! The crate `governor` does the same, but needs a dozen more dependencies, and its keyed store also needs periodic
//! cleanup.

use super::problem::ProblemDetails;
use crate::live::known_keys::KeyClass;
use crate::node::NodeKey;
use axum::http::StatusCode;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Most keys with a bucket. Beyond this, buckets that are full again are removed.
const BUCKETS_MAX: usize = 4096;

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    refilled_at: Instant,
}

/// The buckets of all keys.
#[derive(Debug)]
pub(super) struct TokenBuckets<K> {
    per_second: f64,
    size: f64,
    by_key: Mutex<BTreeMap<K, Bucket>>,
}

impl<K: Copy + Ord> TokenBuckets<K> {
    /// Buckets of `size` tokens that refill with `per_second` tokens per second.
    #[must_use]
    pub(super) fn new(per_second: u32, size: u32) -> TokenBuckets<K> {
        TokenBuckets {
            per_second: f64::from(per_second),
            size: f64::from(size),
            by_key: Mutex::default(),
        }
    }

    /// Takes tokens. Returns false, and takes none, if the bucket has fewer. More than its size never costs more than a
    /// full bucket.
    fn take(&self, key: K, tokens: f64, now: Instant) -> bool {
        let mut buckets = self.by_key.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= BUCKETS_MAX && !buckets.contains_key(&key) {
            let refill_time = Duration::try_from_secs_f64(self.size / self.per_second);
            let refill_time = refill_time.unwrap_or(Duration::MAX);
            buckets.retain(|_, bucket| now.duration_since(bucket.refilled_at) < refill_time);
            if buckets.len() >= BUCKETS_MAX {
                let oldest = buckets.iter().min_by_key(|(_, bucket)| bucket.refilled_at);
                if let Some(key) = oldest.map(|(key, _)| *key) {
                    buckets.remove(&key);
                }
            }
        }
        let bucket = buckets.entry(key).or_insert(Bucket {
            tokens: self.size,
            refilled_at: now,
        });
        let elapsed_s = now.duration_since(bucket.refilled_at).as_secs_f64();
        bucket.tokens = (bucket.tokens + elapsed_s * self.per_second).min(self.size);
        bucket.refilled_at = now;
        let tokens = tokens.min(self.size);
        let is_enough = bucket.tokens >= tokens;
        if is_enough {
            bucket.tokens -= tokens;
        }
        is_enough
    }
}

impl TokenBuckets<IpAddr> {
    /// Takes a token for one call.
    ///
    /// # Errors
    /// 429 if the bucket of the address is empty.
    pub(super) fn check(&self, address: IpAddr) -> Result<(), ProblemDetails> {
        match self.take(address, 1.0, Instant::now()) {
            true => Ok(()),
            false => {
                let why = format!(
                    "more than {} calls in a second; wait a moment",
                    self.per_second
                );
                Err(ProblemDetails::new(StatusCode::TOO_MANY_REQUESTS, why))
            }
        }
    }
}

/// Bytes whose hashing costs as much as one signature check.
const BYTES_PER_CHECK: f64 = 16_384.0;

/// Budgets of signature checks. The checks of a node with a full budget take about a second of one core; all nodes that
/// are not trusted have a common budget, too, because new keys cost nothing.
#[derive(Debug)]
pub(super) struct CheckBudgets {
    trusted: TokenBuckets<NodeKey>,
    found: TokenBuckets<NodeKey>,
    found_together: TokenBuckets<()>,
}

impl Default for CheckBudgets {
    fn default() -> CheckBudgets {
        CheckBudgets {
            trusted: TokenBuckets::new(4_000, 16_000),
            found: TokenBuckets::new(500, 4_000),
            found_together: TokenBuckets::new(2_000, 8_000),
        }
    }
}

impl CheckBudgets {
    /// Takes `checks` signature checks over `bytes` bytes from the budget of a sender. Returns false if it has fewer.
    pub(super) fn take(&self, key: NodeKey, class: KeyClass, checks: usize, bytes: usize) -> bool {
        let now = Instant::now();
        let cost = checks as f64 + bytes as f64 / BYTES_PER_CHECK;
        match class {
            KeyClass::Trusted => self.trusted.take(key, cost, now),
            KeyClass::Known => {
                self.found.take(key, cost, now) && self.found_together.take((), cost, now)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_allows_a_burst_and_refills_with_time() {
        let buckets = TokenBuckets::new(2, 2);
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let start = Instant::now();
        assert!(buckets.take(one, 1.0, start) && buckets.take(one, 1.0, start));
        assert!(!buckets.take(one, 1.0, start), "the burst is used up");
        assert!(
            buckets.take(other, 1.0, start),
            "addresses do not share a bucket"
        );
        let later = start + Duration::from_millis(500);
        assert!(
            buckets.take(one, 1.0, later),
            "one token after half a second"
        );
        assert!(!buckets.take(one, 1.0, later));
        let much_later = start + Duration::from_secs(60);
        assert!(buckets.take(one, 1.0, much_later) && buckets.take(one, 1.0, much_later));
        assert!(
            !buckets.take(one, 1.0, much_later),
            "a bucket never holds more"
        );
    }

    #[test]
    fn full_buckets_are_removed_when_there_are_too_many() {
        let buckets = TokenBuckets::new(1, 1);
        let start = Instant::now();
        let address = |nth: u32| IpAddr::from(nth.to_be_bytes());
        for nth in 0..BUCKETS_MAX as u32 {
            assert!(buckets.take(address(nth), 1.0, start));
        }
        assert!(buckets.take(address(u32::MAX), 1.0, start + Duration::from_secs(1)));
        assert_eq!(buckets.by_key.lock().unwrap().len(), 1);
    }

    #[test]
    fn the_number_of_buckets_is_bounded() {
        let buckets = TokenBuckets::new(1, 1_000);
        let start = Instant::now();
        for nth in 0..BUCKETS_MAX as u64 {
            assert!(buckets.take(nth, 1.0, start + Duration::from_millis(nth)));
        }
        let later = start + Duration::from_millis(BUCKETS_MAX as u64);
        assert!(buckets.take(u64::MAX, 1.0, later));
        let keys = buckets.by_key.lock().unwrap();
        assert_eq!(keys.len(), BUCKETS_MAX);
        assert!(!keys.contains_key(&0), "the oldest is removed");
    }

    #[test]
    fn nodes_that_are_not_trusted_share_a_budget() {
        let budgets = CheckBudgets::default();
        let key = |nth: u8| NodeKey::new([nth; 32]);
        let found = (0..100).filter(|nth| budgets.take(key(*nth), KeyClass::Known, 4_000, 0));
        assert_eq!(found.count(), 2);
        let trusted = (0..100).filter(|nth| budgets.take(key(*nth), KeyClass::Trusted, 4_000, 0));
        assert_eq!(trusted.count(), 100, "each has its own budget");
        assert!(budgets.take(key(200), KeyClass::Trusted, usize::MAX, 0));
        assert!(
            !budgets.take(key(200), KeyClass::Trusted, 4_000, 0),
            "a huge call takes it all"
        );
    }
}
