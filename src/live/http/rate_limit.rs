//! Token-bucket rate limiter per source address.
//!
//! A bucket holds the calls of one second. The crate `governor` does the same, but needs a dozen more dependencies, and
//! its keyed store also needs periodic cleanup.

use super::problem::ProblemDetails;
use axum::http::StatusCode;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Most addresses with a bucket. Beyond this, buckets that are full again are removed.
const ADDRESSES_MAX: usize = 4096;
/// A bucket that was not used for this long is full.
const REFILL_TIME: Duration = Duration::from_secs(1);

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    refilled_at: Instant,
}

/// The buckets of all addresses.
#[derive(Debug)]
pub(super) struct TokenBuckets {
    per_second: u32,
    by_address: Mutex<BTreeMap<IpAddr, Bucket>>,
}

impl TokenBuckets {
    /// Buckets that refill with `per_second` tokens per second, which is also their size.
    #[must_use]
    pub(super) fn new(per_second: u32) -> TokenBuckets {
        TokenBuckets {
            per_second,
            by_address: Mutex::default(),
        }
    }

    /// Takes a token for one call.
    ///
    /// # Errors
    /// 429 if the bucket of the address is empty.
    pub(super) fn check(&self, address: IpAddr) -> Result<(), ProblemDetails> {
        match self.take(address, Instant::now()) {
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

    fn take(&self, address: IpAddr, now: Instant) -> bool {
        let size = f64::from(self.per_second);
        let mut buckets = self
            .by_address
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= ADDRESSES_MAX {
            buckets.retain(|_, bucket| now.duration_since(bucket.refilled_at) < REFILL_TIME);
        }
        let bucket = buckets.entry(address).or_insert(Bucket {
            tokens: size,
            refilled_at: now,
        });
        let elapsed_s = now.duration_since(bucket.refilled_at).as_secs_f64();
        bucket.tokens = (bucket.tokens + elapsed_s * size).min(size);
        bucket.refilled_at = now;
        let has_token = bucket.tokens >= 1.0;
        if has_token {
            bucket.tokens -= 1.0;
        }
        has_token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_allows_a_burst_and_refills_with_time() {
        let buckets = TokenBuckets::new(2);
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let start = Instant::now();
        assert!(buckets.take(one, start) && buckets.take(one, start));
        assert!(!buckets.take(one, start), "the burst is used up");
        assert!(
            buckets.take(other, start),
            "addresses do not share a bucket"
        );
        let later = start + Duration::from_millis(500);
        assert!(buckets.take(one, later), "one token after half a second");
        assert!(!buckets.take(one, later));
        let much_later = start + Duration::from_secs(60);
        assert!(buckets.take(one, much_later) && buckets.take(one, much_later));
        assert!(!buckets.take(one, much_later), "a bucket never holds more");
    }

    #[test]
    fn full_buckets_are_removed_when_there_are_too_many() {
        let buckets = TokenBuckets::new(1);
        let start = Instant::now();
        let address = |nth: u32| IpAddr::from(nth.to_be_bytes());
        for nth in 0..ADDRESSES_MAX as u32 {
            assert!(buckets.take(address(nth), start));
        }
        assert!(buckets.take(address(u32::MAX), start + REFILL_TIME));
        assert_eq!(buckets.by_address.lock().unwrap().len(), 1);
    }
}
