//! Bans that decay, for senders that keep sending invalid signatures.
//!
//! Every offence adds points, and points halve every minute. A sender is banned from [`BAN_AT`] points on until it has
//! fewer than [`FREE_BELOW`]. A relaying node is banned by its key, because its signature over the bundle proves who it
//! is. Without a valid signature only the source address is known. This machine is never banned: all its nodes and
//! programs share one address, and a ban would separate them from each other. The worker pool bounds what they cost.

use super::places::source_of;
use super::problem::ProblemDetails;
use crate::node::NodeKey;
use axum::http::{StatusCode, header};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Time in which points halve.
const HALF_LIFE: Duration = Duration::from_secs(60);
/// Points at which a ban begins.
const BAN_AT: f64 = 20.0;
/// Points below which a ban ends.
const FREE_BELOW: f64 = 10.0;
/// Most points: a ban lasts at most four minutes after the last offence.
const POINTS_MAX: f64 = 160.0;
/// Points that no longer matter.
const NEGLIGIBLE: f64 = 0.5;
/// Most senders with points.
const SENDERS_MAX: usize = 4096;

/// A sender that can be banned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sender {
    Key(NodeKey),
    Address(IpAddr),
}

#[derive(Clone, Copy, Debug)]
struct Score {
    points: f64,
    at: Instant,
    is_banned: bool,
}

impl Score {
    fn points_at(&self, now: Instant) -> f64 {
        let half_lives = now.duration_since(self.at).as_secs_f64() / HALF_LIFE.as_secs_f64();
        self.points * (-half_lives).exp2()
    }
}

/// The points of all senders.
#[derive(Debug, Default)]
pub(super) struct Bans {
    scores: Mutex<BTreeMap<Sender, Score>>,
}

impl Bans {
    /// Checks a source address.
    ///
    /// # Errors
    /// 429 with the remaining time while the address is banned.
    pub(super) fn check_address(&self, address: IpAddr) -> Result<(), ProblemDetails> {
        self.check(
            Sender::Address(source_of(address)),
            "this address is banned for a while, because too many invalid signatures came from it",
        )
    }

    /// Checks the key of a relaying node.
    ///
    /// # Errors
    /// 429 with the remaining time while the key is banned.
    pub(super) fn check_key(&self, key: NodeKey) -> Result<(), ProblemDetails> {
        self.check(
            Sender::Key(key),
            "this node is banned from relaying for a while, because it relayed too many messages with invalid signatures",
        )
    }

    /// Adds points to a source address. Returns whether a ban begins.
    pub(super) fn blame_address(&self, address: IpAddr, points: f64) -> bool {
        let source = source_of(address);
        !source.is_loopback() && self.blame(Sender::Address(source), points, Instant::now())
    }

    /// Adds points to a key. Returns whether a ban begins.
    pub(super) fn blame_key(&self, key: NodeKey, points: f64) -> bool {
        self.blame(Sender::Key(key), points, Instant::now())
    }

    fn check(&self, sender: Sender, why: &str) -> Result<(), ProblemDetails> {
        match self.banned_for(sender, Instant::now()) {
            None => Ok(()),
            Some(left) => {
                let problem = ProblemDetails::new(StatusCode::TOO_MANY_REQUESTS, why);
                let seconds = left.as_secs().saturating_add(1);
                Err(problem.with(header::RETRY_AFTER, &seconds.to_string()))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Sender, Score>> {
        // No method panics halfway through a change.
        self.scores.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long the sender stays banned.
    fn banned_for(&self, sender: Sender, now: Instant) -> Option<Duration> {
        let mut scores = self.lock();
        let score = scores.get_mut(&sender).filter(|score| score.is_banned)?;
        let half_lives = (score.points_at(now) / FREE_BELOW).log2();
        if half_lives > 0.0 {
            let seconds = HALF_LIFE.as_secs_f64() * half_lives;
            return Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX));
        }
        score.is_banned = false;
        None
    }

    fn blame(&self, sender: Sender, points: f64, now: Instant) -> bool {
        let mut scores = self.lock();
        if !scores.contains_key(&sender) && scores.len() >= SENDERS_MAX {
            make_room(&mut scores, now);
        }
        let score = scores.entry(sender).or_insert(Score {
            points: 0.0,
            at: now,
            is_banned: false,
        });
        score.points = (score.points_at(now) + points).min(POINTS_MAX);
        score.at = now;
        let begins = !score.is_banned && score.points >= BAN_AT;
        score.is_banned |= begins;
        begins
    }
}

/// Removes the senders with negligible points, or else the one with the fewest.
fn make_room(scores: &mut BTreeMap<Sender, Score>, now: Instant) {
    scores.retain(|_, score| score.points_at(now) >= NEGLIGIBLE);
    if scores.len() < SENDERS_MAX {
        return;
    }
    let fewest = scores
        .iter()
        .min_by(|(_, one), (_, other)| one.points_at(now).total_cmp(&other.points_at(now)));
    if let Some(sender) = fewest.map(|(sender, _)| *sender) {
        scores.remove(&sender);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ban_begins_at_its_limit_and_decays() {
        let bans = Bans::default();
        let key = Sender::Key(NodeKey::new([1; 32]));
        let start = Instant::now();
        for nth in 1..20 {
            assert!(!bans.blame(key, 1.0, start), "{nth} offences");
        }
        assert_eq!(bans.banned_for(key, start), None);
        assert!(bans.blame(key, 1.0, start));
        assert!(!bans.blame(key, 1.0, start), "the ban has begun before");
        let left = bans.banned_for(key, start).unwrap();
        assert!(left > HALF_LIFE && left < 2 * HALF_LIFE, "{left:?}");
        assert!(bans.banned_for(key, start + HALF_LIFE).is_some());
        assert_eq!(bans.banned_for(key, start + 2 * HALF_LIFE), None);
        let much_later = start + 20 * HALF_LIFE;
        assert!(
            !bans.blame(key, 1.0, much_later),
            "old offences do not matter"
        );
        assert!(bans.blame(key, 1_000.0, much_later));
        assert_eq!(bans.banned_for(key, much_later + 5 * HALF_LIFE), None);
    }

    #[test]
    fn this_machine_is_never_banned() {
        let bans = Bans::default();
        let (local, remote) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([192, 0, 2, 1]));
        for _ in 0..100 {
            bans.blame_address(local, 10.0);
            bans.blame_address(remote, 10.0);
        }
        assert!(bans.check_address(local).is_ok());
        assert!(bans.check_address(remote).is_err());
    }

    #[test]
    fn the_number_of_senders_is_bounded() {
        let bans = Bans::default();
        let start = Instant::now();
        let address = |nth: u32| Sender::Address(IpAddr::from(nth.to_be_bytes()));
        bans.blame(address(0), BAN_AT, start);
        for nth in 1..=SENDERS_MAX as u32 {
            bans.blame(address(nth), 1.0, start);
        }
        assert_eq!(bans.lock().len(), SENDERS_MAX);
        assert!(bans.banned_for(address(0), start).is_some());
        bans.blame(address(u32::MAX), 1.0, start + 2 * HALF_LIFE);
        assert_eq!(bans.lock().len(), 2, "negligible points are removed");
    }
}
