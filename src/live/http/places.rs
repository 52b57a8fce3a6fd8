//! Places: how many things of a kind may be open at once, in total and for one source address.
//!
//! An IPv6 address counts by its first 64 bits, because one machine usually owns that whole range. Loopback addresses
//! count together, with a larger share: all nodes and programs of this machine call from there. Even they never get all
//! places.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The address range that counts as one source.
#[must_use]
pub(super) fn source_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        address if address.is_loopback() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let prefix = u128::from(address) >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from(prefix))
        }
    }
}

/// Limits of a kind of place.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlaceLimits {
    /// Most places in use.
    pub(super) total: usize,
    /// Most places of one source that is not this machine.
    pub(super) per_source: usize,
    /// Most places of this machine.
    pub(super) loopback: usize,
}

impl PlaceLimits {
    /// Limits for `total` places: a remote source gets an eighth, this machine three quarters.
    #[must_use]
    pub(super) fn shares_of(total: usize) -> PlaceLimits {
        PlaceLimits {
            total,
            per_source: (total / 8).max(1),
            loopback: (total.saturating_mul(3) / 4).max(1),
        }
    }

    /// Most places of this source.
    #[must_use]
    pub(super) fn of(&self, source: IpAddr) -> usize {
        match source.is_loopback() {
            true => self.loopback,
            false => self.per_source,
        }
    }
}

#[derive(Debug, Default)]
struct Taken {
    total: usize,
    by_source: BTreeMap<IpAddr, usize>,
}

/// The places of one kind.
#[derive(Clone, Debug)]
pub(super) struct Places {
    limits: PlaceLimits,
    taken: Arc<Mutex<Taken>>,
}

impl Places {
    /// Places within these limits, all free.
    #[must_use]
    pub(super) fn new(limits: PlaceLimits) -> Places {
        Places {
            limits,
            taken: Arc::default(),
        }
    }

    /// Takes a place until the returned value is dropped. `None` if all are taken, or all of this source.
    #[must_use]
    pub(super) fn take(&self, address: IpAddr) -> Option<Place> {
        let source = source_of(address);
        let mut taken = lock(&self.taken);
        let of_source = taken.by_source.get(&source).copied().unwrap_or_default();
        if taken.total >= self.limits.total || of_source >= self.limits.of(source) {
            return None;
        }
        taken.total = taken.total.saturating_add(1);
        taken.by_source.insert(source, of_source.saturating_add(1));
        Some(Place {
            source,
            taken: Arc::clone(&self.taken),
        })
    }
}

/// A place in use.
#[derive(Debug)]
pub(super) struct Place {
    source: IpAddr,
    taken: Arc<Mutex<Taken>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        taken.total = taken.total.saturating_sub(1);
        match taken.by_source.get_mut(&self.source) {
            Some(count) if *count > 1 => *count = count.saturating_sub(1),
            _ => drop(taken.by_source.remove(&self.source)),
        }
    }
}

fn lock(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    // No method panics halfway through a change.
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn no_source_gets_all_places() {
        let places = Places::new(PlaceLimits::shares_of(16));
        let take = |text: &str, count: usize| -> Vec<Place> {
            (0..count)
                .map_while(|_| places.take(address(text)))
                .collect()
        };
        let local = take("127.0.0.1", 16);
        assert_eq!(local.len(), 12);
        assert!(places.take(address("127.0.0.2")).is_none(), "one machine");
        let remote = take("192.0.2.1", 16);
        assert_eq!(remote.len(), 2);
        let other = take("192.0.2.2", 16);
        assert_eq!(other.len(), 2);
        assert!(places.take(address("192.0.2.3")).is_none(), "all are taken");
        drop(remote);
        assert_eq!(take("192.0.2.3", 16).len(), 2);
        drop(local);
        assert_eq!(take("::1", 16).len(), 12);
    }

    #[test]
    fn an_ipv6_source_is_a_range() {
        assert_eq!(
            source_of(address("2001:db8:1:2:3:4:5:6")),
            source_of(address("2001:db8:1:2::1"))
        );
        assert_ne!(
            source_of(address("2001:db8:1:2::1")),
            source_of(address("2001:db8:1:3::1"))
        );
        assert_eq!(
            source_of(address("::ffff:192.0.2.1")),
            source_of(address("192.0.2.1"))
        );
    }
}
