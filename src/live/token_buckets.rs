//! Token buckets: a rate limit for each key, such as a source address or a sender.
//!
//! The crate `governor` does the same, but needs a dozen more dependencies, and its keyed store also needs periodic
//! cleanup.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Most keys with a bucket. Beyond this, the key that was used least recently loses its bucket.
const BUCKETS_MAX: usize = 4096;

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    refilled_at: Instant,
    /// Position in the order of use.
    used: u64,
}

/// The buckets of all keys.
#[derive(Debug)]
pub(super) struct TokenBuckets<K> {
    per_second: u32,
    size: u32,
    buckets: Mutex<LruBuckets<K>>,
}

impl<K: Copy + Ord> TokenBuckets<K> {
    /// Buckets of `size` tokens that refill with `per_second` tokens per second.
    #[must_use]
    pub(super) fn new(per_second: u32, size: u32) -> TokenBuckets<K> {
        TokenBuckets {
            per_second,
            size,
            buckets: Mutex::new(LruBuckets {
                by_key: BTreeMap::new(),
                by_use: BTreeMap::new(),
                uses: 0,
            }),
        }
    }

    /// The number of tokens that are refilled in a second.
    #[must_use]
    pub(super) fn per_second(&self) -> u32 {
        self.per_second
    }

    /// Takes tokens. Returns false, and takes none, if the bucket has fewer. More than its size never costs more than a
    /// full bucket.
    pub(super) fn take(&self, key: K, tokens: f64, now: Instant) -> bool {
        let (per_second, size) = (f64::from(self.per_second), f64::from(self.size));
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.of(key, size, now);
        let elapsed_s = now.duration_since(bucket.refilled_at).as_secs_f64();
        bucket.tokens = (bucket.tokens + elapsed_s * per_second).min(size);
        bucket.refilled_at = now;
        let tokens = tokens.min(size);
        let is_enough = bucket.tokens >= tokens;
        if is_enough {
            bucket.tokens -= tokens;
        }
        is_enough
    }
}

/// Buckets by key, and the keys in the order of their last use.
#[derive(Debug)]
struct LruBuckets<K> {
    by_key: BTreeMap<K, Bucket>,
    by_use: BTreeMap<u64, K>,
    uses: u64,
}

impl<K: Copy + Ord> LruBuckets<K> {
    /// The bucket of a key, which is now the last one used. A new bucket has `size` tokens.
    fn of(&mut self, key: K, size: f64, now: Instant) -> &mut Bucket {
        match self.by_key.get(&key) {
            Some(known) => drop(self.by_use.remove(&known.used)),
            None if self.by_key.len() >= BUCKETS_MAX => {
                if let Some((_, oldest)) = self.by_use.pop_first() {
                    self.by_key.remove(&oldest);
                }
            }
            None => {}
        }
        self.uses = self.uses.saturating_add(1);
        self.by_use.insert(self.uses, key);
        let bucket = self.by_key.entry(key).or_insert(Bucket {
            tokens: size,
            refilled_at: now,
            used: 0,
        });
        bucket.used = self.uses;
        bucket
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;
    use std::time::Duration;

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
    fn the_key_that_was_used_least_recently_loses_its_bucket() {
        let buckets = TokenBuckets::new(1, 1);
        let now = Instant::now();
        for nth in 0..BUCKETS_MAX {
            assert!(buckets.take(nth, 1.0, now));
        }
        assert!(!buckets.take(0, 1.0, now), "its bucket is empty");
        assert!(buckets.take(BUCKETS_MAX, 1.0, now));
        assert!(!buckets.take(0, 1.0, now), "it was used recently");
        assert!(buckets.take(1, 1.0, now), "it has a new bucket");
        let buckets = buckets.buckets.lock().unwrap();
        assert_eq!(buckets.by_key.len(), BUCKETS_MAX);
        assert_eq!(buckets.by_use.len(), BUCKETS_MAX);
    }
}
