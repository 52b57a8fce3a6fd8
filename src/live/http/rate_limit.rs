//! Rate limits: calls per source address, and signature checks per sender.

use super::problem::ProblemDetails;
use crate::live::known_keys::KeyClass;
use crate::live::token_buckets::TokenBuckets;
use crate::node::NodeKey;
use axum::http::StatusCode;
use std::net::IpAddr;
use std::time::Instant;

/// Takes a token for one call.
///
/// # Errors
/// 429 if the bucket of the address is empty.
pub(super) fn check_rate(
    buckets: &TokenBuckets<IpAddr>,
    address: IpAddr,
) -> Result<(), ProblemDetails> {
    match buckets.take(address, 1.0, Instant::now()) {
        true => Ok(()),
        false => {
            let why = format!(
                "more than {} calls in a second; wait a moment",
                buckets.per_second()
            );
            Err(ProblemDetails::new(StatusCode::TOO_MANY_REQUESTS, why))
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
