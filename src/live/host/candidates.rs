//! Candidates: announcements of nodes that have not proved their addresses yet.
//!
//! Anyone can invent keys and announce them, so this table is small, and it is fair to the sources of announcements:
//! when it is full, the source with the most candidates loses one, and checks go round the sources. The checks
//! themselves are limited for each target, because an announcement can name the address of a third party.

use crate::live::wire::{Signed, WireAnnouncement};
use crate::node::NodeKey;
use crate::time::{Span, Time};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// Most candidates.
const CANDIDATES_MAX: usize = 256;
/// Most checks at a time.
const CHECKS_MAX: usize = 16;
/// Most checks of one target address in [`TARGET_WINDOW`].
const TARGET_CHECKS_MAX: u32 = 8;
/// Most checks of the own machine in [`TARGET_WINDOW`]: a whole network may run there.
const LOOPBACK_CHECKS_MAX: u32 = 64;
/// The time over which the checks of a target are counted.
const TARGET_WINDOW: Span = Span::from_ms(1_000);
/// Exponential backoff after a failed check: the first wait. Each further wait is twice as long.
const BACKOFF: Span = Span::from_ms(2_000);
/// Exponential backoff after a failed check: the longest wait.
const BACKOFF_MAX: Span = Span::from_ms(120_000);

/// Where an announcement came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// The source address of a datagram.
    Address(IpAddr),
    /// A node that reported it in a list of peers.
    Peer(NodeKey),
}

/// The check of a candidate's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    Waiting,
    Running,
    Failed { retry_at: Time },
}

#[derive(Clone, Debug)]
struct Candidate {
    announcement: WireAnnouncement,
    signed: Signed,
    source: Source,
    /// Position in the order of arrival.
    arrival: u64,
    check: Check,
    /// The wait after the last failed check; zero before the first one.
    backoff: Span,
}

/// The checks of one target in the present window.
#[derive(Clone, Copy, Debug)]
struct TargetWindow {
    start: Time,
    checks: u32,
}

/// All candidates.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    by_key: BTreeMap<NodeKey, Candidate>,
    arrivals: u64,
    /// For each source with candidates, when it was last served, in checks.
    served: BTreeMap<Source, u64>,
    checks: u64,
    targets: BTreeMap<IpAddr, TargetWindow>,
}

impl Candidates {
    /// Adds an announcement, or replaces an older one of the same node.
    pub(super) fn insert(
        &mut self,
        announcement: WireAnnouncement,
        signed: Signed,
        source: Source,
    ) {
        let key = announcement.key;
        if let Some(known) = self.by_key.get_mut(&key) {
            if announcement.recency() <= known.announcement.recency() {
                return;
            }
            if announcement.http != known.announcement.http {
                known.check = Check::Waiting;
            }
            known.announcement = announcement;
            known.signed = signed;
            return;
        }
        self.arrivals = self.arrivals.saturating_add(1);
        let arrival = self.arrivals;
        self.served.entry(source).or_insert(0);
        let candidate = Candidate {
            announcement,
            signed,
            source,
            arrival,
            check: Check::Waiting,
            backoff: Span::ZERO,
        };
        self.by_key.insert(key, candidate);
        if self.by_key.len() > CANDIDATES_MAX {
            self.evict();
        }
    }

    /// Removes the oldest candidate of the source with the most candidates.
    fn evict(&mut self) {
        let mut counts: BTreeMap<Source, usize> = BTreeMap::new();
        for candidate in self.by_key.values() {
            let count = counts.entry(candidate.source).or_insert(0);
            *count = count.saturating_add(1);
        }
        let Some((source, _)) = counts.into_iter().max_by_key(|(_, count)| *count) else {
            return;
        };
        let of_source = self.by_key.iter().filter(|(_, it)| it.source == source);
        let oldest = of_source.min_by_key(|(_, it)| it.arrival);
        if let Some(key) = oldest.map(|(key, _)| *key) {
            self.remove(key);
        }
    }

    fn remove(&mut self, key: NodeKey) -> Option<Candidate> {
        let removed = self.by_key.remove(&key)?;
        if !self.by_key.values().any(|it| it.source == removed.source) {
            self.served.remove(&removed.source);
        }
        Some(removed)
    }

    /// Starts the next check that the limits allow.
    pub(super) fn start_check(&mut self, now: Time) -> Option<(NodeKey, SocketAddr)> {
        let running = self
            .by_key
            .values()
            .filter(|candidate| candidate.check == Check::Running);
        if running.count() >= CHECKS_MAX {
            return None;
        }
        self.targets
            .retain(|_, window| now.since(window.start) < TARGET_WINDOW);
        let key = self.next_due(now)?;
        let candidate = self.by_key.get_mut(&key)?;
        candidate.check = Check::Running;
        let http = candidate.announcement.http;
        self.checks = self.checks.saturating_add(1);
        self.served.insert(candidate.source, self.checks);
        let new = TargetWindow {
            start: now,
            checks: 0,
        };
        let window = self.targets.entry(http.ip()).or_insert(new);
        window.checks = window.checks.saturating_add(1);
        Some((key, http))
    }

    /// The candidate to check: of the source that was served longest ago, the oldest.
    fn next_due(&self, now: Time) -> Option<NodeKey> {
        let due = self.by_key.iter().filter(|(_, candidate)| {
            let is_due = match candidate.check {
                Check::Waiting => true,
                Check::Running => false,
                Check::Failed { retry_at } => retry_at <= now,
            };
            is_due && self.has_budget(candidate.announcement.http.ip())
        });
        let order = |candidate: &Candidate| {
            let served = self.served.get(&candidate.source).copied();
            (served.unwrap_or(0), candidate.arrival)
        };
        due.min_by_key(|(_, candidate)| order(candidate))
            .map(|(key, _)| *key)
    }

    fn has_budget(&self, target: IpAddr) -> bool {
        let most = match target.is_loopback() {
            true => LOOPBACK_CHECKS_MAX,
            false => TARGET_CHECKS_MAX,
        };
        self.targets
            .get(&target)
            .is_none_or(|window| window.checks < most)
    }

    /// A check could not be queued: the candidate waits again.
    pub(super) fn check_dropped(&mut self, key: NodeKey) {
        if let Some(candidate) = self.by_key.get_mut(&key) {
            candidate.check = Check::Waiting;
        }
    }

    /// A check of the address `http` has succeeded. Returns the newest announcement, unless it names another address
    /// by now.
    pub(super) fn proved(
        &mut self,
        key: NodeKey,
        http: SocketAddr,
    ) -> Option<(WireAnnouncement, Signed)> {
        let candidate = self.by_key.get(&key)?;
        if candidate.announcement.http != http {
            self.check_dropped(key);
            return None;
        }
        let candidate = self.remove(key)?;
        Some((candidate.announcement, candidate.signed))
    }

    /// A check of the address `http` has failed.
    pub(super) fn failed(&mut self, key: NodeKey, http: SocketAddr, now: Time) {
        let Some(candidate) = self.by_key.get_mut(&key) else {
            return;
        };
        if candidate.announcement.http != http {
            candidate.check = Check::Waiting;
            return;
        }
        let doubled = Span(candidate.backoff.0.saturating_mul(2));
        candidate.backoff = doubled.max(BACKOFF).min(BACKOFF_MAX);
        let retry_at = now + candidate.backoff;
        candidate.check = Check::Failed { retry_at };
    }

    /// Number of candidates.
    #[must_use]
    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }
}

/// Whether a node can be reached at an announced address. Link-local, multicast, broadcast and unspecified addresses
/// and port 0 are refused: no node listens there, and a request would reach others. A loopback address means the
/// machine of the announcing node, so it is accepted only from this machine.
#[must_use]
pub(super) fn is_announceable(http: SocketAddr, is_local: bool) -> bool {
    let is_special = match http.ip() {
        IpAddr::V4(ip) => {
            ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast() || ip.is_link_local()
        }
        IpAddr::V6(ip) => {
            ip.is_unspecified()
                || ip.is_multicast()
                || ip.is_unicast_link_local()
                || ip.to_ipv4_mapped().is_some()
        }
    };
    http.port() != 0 && !is_special && (is_local || !http.ip().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::identity::Identity;
    use crate::live::wire::VERSION;
    use crate::node::AnnouncementKind;

    fn announcement(
        secret: u32,
        http: SocketAddr,
        (epoch, mark_us): (u64, u64),
    ) -> (WireAnnouncement, Signed) {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&secret.to_le_bytes());
        let identity = Identity::new(bytes);
        let announcement = WireAnnouncement {
            version: VERSION,
            network: "test".to_owned(),
            key: identity.key(),
            name: "n".to_owned(),
            http,
            kind: AnnouncementKind::Here,
            nth: 1,
            epoch,
            messages: 256,
            mark_us,
        };
        let signed = announcement.sign(&identity).unwrap();
        (announcement, signed)
    }

    fn address(last: u8, port: u16) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, last], port))
    }

    fn insert(candidates: &mut Candidates, secret: u32, http: SocketAddr, source: u8) -> NodeKey {
        let (announcement, signed) = announcement(secret, http, (1, 1));
        let key = announcement.key;
        let source = Source::Address(IpAddr::from([10, 0, 0, source]));
        candidates.insert(announcement, signed, source);
        key
    }

    #[test]
    fn a_flood_of_one_source_evicts_only_its_own_candidates() {
        let mut candidates = Candidates::default();
        let honest = insert(&mut candidates, 0, address(1, 1), 1);
        for secret in 1..=CANDIDATES_MAX as u32 + 50 {
            insert(&mut candidates, secret, address(2, 2), 2);
        }
        assert_eq!(candidates.len(), CANDIDATES_MAX);
        assert!(candidates.by_key.contains_key(&honest));
        assert_eq!(candidates.served.len(), 2);
    }

    #[test]
    fn checks_go_round_the_sources_and_are_limited_for_each_target() {
        let mut candidates = Candidates::default();
        for secret in 0..20 {
            insert(&mut candidates, secret, address(2, 2), 2);
        }
        let honest = insert(&mut candidates, 99, address(1, 1), 1);
        let now = Time::ZERO;
        let first: Vec<NodeKey> = (0..2)
            .filter_map(|_| candidates.start_check(now))
            .map(|(key, _)| key)
            .collect();
        assert!(first.contains(&honest));
        let mut checks = first.len() as u32;
        while candidates.start_check(now).is_some() {
            checks += 1;
        }
        assert_eq!(checks, TARGET_CHECKS_MAX + 1);
        let later = now + TARGET_WINDOW;
        assert!(candidates.start_check(later).is_some());
    }

    #[test]
    fn failed_checks_are_retried_with_exponential_backoff() {
        let mut candidates = Candidates::default();
        let http = address(1, 1);
        let key = insert(&mut candidates, 1, http, 1);
        let mut now = Time::ZERO;
        for wait in [BACKOFF, Span(BACKOFF.0 * 2), Span(BACKOFF.0 * 4)] {
            assert_eq!(candidates.start_check(now), Some((key, http)));
            candidates.failed(key, http, now);
            let just_before = Time((now + wait).0 - 1);
            assert_eq!(candidates.start_check(just_before), None);
            now = now + wait;
        }
    }

    #[test]
    fn a_proof_counts_only_for_the_address_that_was_checked() {
        let mut candidates = Candidates::default();
        let (old, new) = (address(1, 1), address(1, 2));
        let key = insert(&mut candidates, 1, old, 1);
        candidates.start_check(Time::ZERO);
        let (moved, signed) = announcement(1, new, (1, 2));
        candidates.insert(moved.clone(), signed, Source::Peer(key));
        assert!(candidates.proved(key, old).is_none());
        assert_eq!(candidates.start_check(Time::ZERO), Some((key, new)));
        let (proved, _) = candidates.proved(key, new).unwrap();
        assert_eq!(proved, moved);
        assert_eq!((candidates.len(), candidates.served.len()), (0, 0));
    }

    #[test]
    fn an_announcement_of_a_later_run_replaces_one_with_a_higher_mark() {
        let mut candidates = Candidates::default();
        let (old, new) = (address(1, 1), address(1, 2));
        let source = Source::Address(old.ip());
        for (http, recency) in [(old, (1, 9)), (new, (2, 1)), (old, (1, 10))] {
            let (announcement, signed) = announcement(1, http, recency);
            candidates.insert(announcement, signed, source);
        }
        let checked = candidates.start_check(Time::ZERO);
        assert_eq!(checked.map(|(_, http)| http), Some(new));
    }

    #[test]
    fn addresses_at_which_no_node_can_be_reached_are_refused() {
        let of = |text: &str| text.parse::<SocketAddr>().unwrap();
        for text in [
            "169.254.169.254:80",
            "224.0.0.1:80",
            "255.255.255.255:80",
            "0.0.0.0:80",
            "10.0.0.1:0",
            "[fe80::1]:80",
            "[ff02::1]:80",
            "[::]:80",
            "[::ffff:127.0.0.1]:22",
        ] {
            assert!(!is_announceable(of(text), true), "{text}");
        }
        assert!(is_announceable(of("10.0.0.1:80"), false));
        assert!(is_announceable(of("127.0.0.1:80"), true));
        assert!(!is_announceable(of("127.0.0.1:22"), false));
    }
}
