//! Tests of the order of checks: what is refused without a signature check, budgets, and bans.

use super::*;
use crate::live::identity::Identity;
use crate::live::wire::{WireBundle, WireMessage};
use crate::node::{Content, Proposal, ProposalId};
use axum::response::IntoResponse;
use std::collections::BTreeMap;

const NETWORK: &str = "test";
const LOCAL: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// A node that trusts one node, has found another one, and does not know a third.
struct Fixture {
    checks: MessageChecks,
    cache: Arc<MessageCache>,
    trusted: Identity,
    found: Identity,
    stranger: Identity,
}

impl Fixture {
    fn new() -> Fixture {
        let identity = |nth| Identity::new([nth; 32]);
        let [own, trusted, found, stranger] = [1, 2, 3, 4].map(identity);
        let (host, _) = crossbeam_channel::unbounded();
        let context = PeerContext {
            network: NETWORK.to_owned(),
            identity: Arc::new(own),
            message_cache: Arc::default(),
            known_keys: Arc::default(),
            log: Arc::default(),
            inbound_counters: Arc::default(),
            host,
            stop: Arc::default(),
        };
        context.known_keys.publish(BTreeMap::from([
            (trusted.key(), KeyClass::Trusted),
            (found.key(), KeyClass::Known),
        ]));
        Fixture {
            checks: MessageChecks::new(&context),
            cache: context.message_cache,
            trusted,
            found,
            stranger,
        }
    }

    fn bundle(&self, from: &Identity, messages: Vec<Signed>) -> Result<CheckedMessages, u16> {
        let key = from.key();
        let bundle = WireBundle {
            from: key,
            messages,
        };
        let signed = bundle.sign(from, NETWORK).unwrap();
        let checked = self.checks.bundle(LOCAL, signed).map_err(status)?;
        assert_eq!(checked.0, key);
        Ok(checked.1)
    }

    fn direct(&self, messages: Vec<Signed>) -> Vec<Option<ReceiptCode>> {
        let at = MessageEndpoint::Propose;
        let checked = self.checks.messages(LOCAL, messages, at).unwrap();
        codes(&checked)
    }
}

fn status(problem: ProblemDetails) -> u16 {
    problem.into_response().status().as_u16()
}

fn codes(checked: &CheckedMessages) -> Vec<Option<ReceiptCode>> {
    let refused = checked.refused.iter();
    refused
        .map(|refused| refused.as_ref().map(|refused| refused.verdict))
        .collect()
}

/// A note of `of`, signed by `by`.
fn note(of: &Identity, by: &Identity, nth: u64) -> Signed {
    let id = ProposalId {
        origin: of.key(),
        nth: 1,
    };
    let content = Content::Note("tea".to_owned());
    let message = WireMessage {
        sender: of.key(),
        nth,
        to: None,
        housekeeping: false,
        body: WireBody::Proposal {
            proposal: Proposal { id, content },
        },
    };
    message.sign(by, NETWORK).unwrap()
}

#[test]
fn strangers_are_refused_without_a_signature_check() {
    let fixture = Fixture::new();
    let (stranger, trusted) = (&fixture.stranger, &fixture.trusted);
    // The signatures are invalid, so a check of them would give 401.
    let forged = || note(stranger, trusted, 1);
    assert_eq!(
        fixture.direct(vec![forged()]),
        [Some(ReceiptCode::Outsider)]
    );
    assert_eq!(fixture.bundle(stranger, vec![forged()]).unwrap_err(), 403);
    let relayed = fixture.bundle(trusted, vec![forged(), note(trusted, trusted, 2)]);
    assert_eq!(
        codes(&relayed.unwrap()),
        [Some(ReceiptCode::Outsider), None]
    );
    let question = fixture.checks.question(LOCAL, forged());
    assert!(question.unwrap().is_none());
}

#[test]
fn the_beginning_of_a_bundle_shows_a_stranger() {
    let fixture = Fixture::new();
    let start = |from: &Identity| {
        let bundle = WireBundle {
            from: from.key(),
            messages: vec![note(from, from, 1)],
        };
        let signed = bundle.sign(from, NETWORK).unwrap();
        let mut body = serde_json::to_vec(&signed).unwrap();
        body.truncate(128);
        fixture.checks.bundle_start(&body).map_err(status)
    };
    assert_eq!(start(&fixture.stranger), Err(403));
    assert_eq!(start(&fixture.trusted), Ok(()));
    assert!(fixture.checks.bundle_start(b"{\"signature\": \"").is_ok());
}

#[test]
fn duplicates_are_refused_without_a_signature_check() {
    let fixture = Fixture::new();
    let (trusted, stranger) = (&fixture.trusted, &fixture.stranger);
    let first = note(trusted, trusted, 1);
    let known = VerifiedMessage::open(first.clone(), NETWORK).unwrap();
    assert!(fixture.cache.insert(&known));
    let forged = note(trusted, stranger, 1);
    let duplicate = Some(ReceiptCode::Duplicate);
    assert_eq!(fixture.direct(vec![forged.clone()]), [duplicate]);
    let relayed = fixture.bundle(trusted, vec![first, forged]).unwrap();
    assert_eq!(codes(&relayed), [duplicate, duplicate]);
    // A forged message does not make the genuine one of the same call a duplicate.
    let (forged, genuine) = (note(trusted, stranger, 2), note(trusted, trusted, 2));
    let codes = fixture.direct(vec![forged, genuine.clone(), genuine]);
    assert_eq!(codes, [Some(ReceiptCode::BadSignature), None, duplicate]);
}

#[test]
fn a_call_has_a_limited_number_of_messages() {
    let fixture = Fixture::new();
    let trusted = &fixture.trusted;
    let many = vec![note(trusted, trusted, 1); MESSAGES_MAX + 1];
    assert_eq!(fixture.bundle(trusted, many.clone()).unwrap_err(), 422);
    let direct = fixture
        .checks
        .messages(LOCAL, many, MessageEndpoint::Propose);
    assert_eq!(direct.map_err(status).unwrap_err(), 422);
}

#[test]
fn a_found_node_can_use_up_only_its_own_budget() {
    let fixture = Fixture::new();
    let (found, trusted) = (&fixture.found, &fixture.trusted);
    let mut nth = 0;
    let mut bundle = |from: &Identity| {
        let messages = (0..MESSAGES_MAX as u64).map(|more| note(trusted, trusted, nth + more));
        let messages = messages.collect();
        nth += MESSAGES_MAX as u64;
        fixture.bundle(from, messages)
    };
    let refused = (0..8).find_map(|_| bundle(found).err());
    assert_eq!(refused, Some(429));
    assert!(bundle(trusted).is_ok());
}

#[test]
fn a_node_that_relays_invalid_signatures_is_banned_from_relaying_only() {
    let fixture = Fixture::new();
    let (found, trusted) = (&fixture.found, &fixture.trusted);
    let bad = || vec![note(trusted, found, 1)];
    assert_eq!(fixture.bundle(found, bad()).unwrap_err(), 401);
    let good = || vec![note(trusted, trusted, 1)];
    assert!(fixture.bundle(found, good()).is_ok(), "once is no ban");
    assert_eq!(fixture.bundle(found, bad()).unwrap_err(), 401);
    assert_eq!(fixture.bundle(found, good()).unwrap_err(), 429);
    assert_eq!(fixture.direct(vec![note(found, found, 1)]), [None]);
    assert!(fixture.bundle(trusted, good()).is_ok());
}
