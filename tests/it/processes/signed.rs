//! Messages between nodes: a node accepts a message only if its signature is valid, it is addressed to this node, and
//! it is not a duplicate.

use super::harness::{Answer, Network, NodeProcess, text, wait_until};
use super::rest::check;
use super::stranger::{announce, announcement, serve_proofs};
use quorumscope::live::identity::{Identity, SignaturePurpose};
use quorumscope::live::wire::{
    MessageName, ReceiptCode, Receipts, Signed, VerifiedMessage, WireBody, WireBundle, WireMessage,
    WireQuorumSet, WireStatement,
};
use quorumscope::node::{Content, Proposal, ProposalId};
use quorumscope::scp::{Ballot, Statement, Value};
use serde_json::json;

/// A node that decides alone, a trusted node of its quorum set, and an untrusted node.
struct SignedFixture {
    network: Network,
    own: Identity,
    friend: Identity,
    outsider: Identity,
    node: NodeProcess,
}

impl SignedFixture {
    fn new() -> SignedFixture {
        let network = Network::new();
        let [own, friend, outsider] = ["n1", "n2", "n3"].map(|name| network.identity(name));
        let set = json!({ "threshold": 1, "validators": [own.key().to_string(), friend.key().to_string()] });
        let trust = network.file("trust.json", set.to_string());
        let node = network.start("n1", &["--trust", &trust]);
        assert_eq!(node.id, own.key());
        // No other node answers; the node becomes ready to vote nevertheless.
        node.propose("first");
        SignedFixture {
            network,
            own,
            friend,
            outsider,
            node,
        }
    }

    fn message(&self, from: &Identity, nth: u64, body: WireBody) -> WireMessage {
        WireMessage {
            sender: from.key(),
            nth,
            to: None,
            housekeeping: false,
            body,
        }
    }

    fn signed(&self, from: &Identity, nth: u64, body: WireBody) -> Signed {
        let message = self.message(from, nth, body);
        message.sign(from, &self.network.name).unwrap()
    }

    fn send(&self, path: &str, messages: &[Signed]) -> Answer {
        // Builds the body as text, because the signed bytes must not change.
        let messages = serde_json::to_string(messages).unwrap();
        self.node
            .post(path, &format!(r#"{{"messages":{messages}}}"#))
    }

    /// Announces a node that only proves its address.
    fn announce(&self, who: &Identity, name: &str) {
        let http = serve_proofs(&self.network, self.network.secret(name));
        announce(
            &self.network,
            who,
            &announcement(&self.network, who, "outsider", http),
        );
        wait_until("the announced node is known", || {
            let known = self.node.status().nodes;
            known.iter().any(|node| node.id == who.key())
        });
    }

    fn slot(&self) -> u64 {
        self.node.status().slot
    }
}

fn note(origin: &Identity, nth: u32, text: &str) -> WireBody {
    let id = ProposalId {
        origin: origin.key(),
        nth,
    };
    let content = Content::Note(text.to_owned());
    WireBody::Proposal {
        proposal: Proposal { id, content },
    }
}

fn nomination(of: &Identity, slot: u64, voted: &[&str]) -> WireBody {
    let voted = voted.iter().map(|text| Value::from(*text)).collect();
    WireBody::Statement(WireStatement {
        slot,
        quorum_set_nth: 1,
        quorum_set: WireQuorumSet {
            threshold: 1,
            validators: vec![of.key()],
            inner: vec![],
        },
        statement: Statement::Nominate {
            voted,
            accepted: vec![],
        },
    })
}

fn receipts(answer: &Answer) -> Vec<ReceiptCode> {
    assert_eq!(answer.status, 200, "{}", text(&answer.body));
    let receipts: Receipts = serde_json::from_slice(&answer.body).unwrap();
    receipts
        .results
        .iter()
        .map(|result| result.verdict)
        .collect()
}

#[test]
fn invalid_messages_between_nodes_are_refused() {
    let scene = SignedFixture::new();
    check_signatures(&scene);
    check_senders(&scene);
    check_slots(&scene);
    check_addressees(&scene);
    let before = scene.node.status();
    assert_eq!(
        (before.log.index, before.pool.len()),
        (1, 0),
        "no message was accepted"
    );
    check_proposals(&scene);
    check_bundles(&scene);
    check_questions(&scene);
    assert_eq!(scene.node.notes(), ["first", "tea", "cake", "jam"]);
}

fn check_signatures(scene: &SignedFixture) {
    let (node, friend) = (&scene.node, &scene.friend);
    let words = format!("the signature is not that of {}", friend.key());
    let message = scene.message(friend, 1, note(friend, 1, "forged"));
    let forged = message.sign(&scene.outsider, &scene.network.name).unwrap();
    check(&scene.send("/propose", &[forged]), 401, &words);
    let elsewhere = message.sign(friend, "another network").unwrap();
    check(&scene.send("/propose", &[elsewhere]), 401, &words);
    let name = &scene.network.name;
    let bundle = Signed::new(friend, name, SignaturePurpose::Bundle, &message).unwrap();
    check(&scene.send("/propose", &[bundle]), 401, &words);
    let signed = message.sign(friend, name).unwrap();
    let changed = serde_json::to_string(&signed)
        .unwrap()
        .replace("forged", "Forged");
    let answer = node.post("/propose", &format!(r#"{{"messages":[{changed}]}}"#));
    check(&answer, 401, &words);
    let results = &answer.json()["results"];
    assert_eq!(results[0]["verdict"], "bad_signature", "{results}");
    let log = &answer.json()["log"];
    assert!(log.is_null(), "the call did not reach the host: {log}");
    let unreadable = Signed::new(
        friend,
        name,
        SignaturePurpose::Message,
        &json!({ "nth": 1 }),
    )
    .unwrap();
    check(
        &scene.send("/propose", &[unreadable]),
        422,
        "missing field `sender`",
    );
}

fn check_senders(scene: &SignedFixture) {
    let outsider = &scene.outsider;
    let vote = nomination(outsider, scene.slot(), &["poison"]);
    let answer = scene.send("/vote", &[scene.signed(outsider, 1, vote)]);
    check(&answer, 403, "its sender has not announced itself");
    scene.announce(outsider, "n3");
    // The transitive quorum set is known once all its members have sent a statement for this slot.
    let vote = nomination(&scene.friend, scene.slot(), &["honey"]);
    let answer = scene.send("/vote", &[scene.signed(&scene.friend, 10, vote)]);
    assert_eq!(receipts(&answer), [ReceiptCode::Accepted]);
    let vote = nomination(outsider, scene.slot(), &["poison"]);
    let answer = scene.send("/vote", &[scene.signed(outsider, 2, vote)]);
    check(&answer, 403, "outside the closure of the quorum set");
    let proposal = note(outsider, 1, "poison");
    let answer = scene.send("/propose", &[scene.signed(outsider, 3, proposal)]);
    check(&answer, 403, "no trusted node certifies it");
    // An outsider cannot certify a proposal of a friend.
    let proposal = note(&scene.friend, 77, "poison");
    let answer = scene.send("/propose", &[scene.signed(outsider, 4, proposal)]);
    check(&answer, 403, "no trusted node certifies it");
}

fn check_slots(scene: &SignedFixture) {
    let friend = &scene.friend;
    let over = nomination(friend, 1, &["late"]);
    let answer = scene.send("/vote", &[scene.signed(friend, 11, over)]);
    check(&answer, 409, "that slot is decided here");
    let far = nomination(friend, 1_000_000, &["early"]);
    let answer = scene.send("/vote", &[scene.signed(friend, 12, far)]);
    check(&answer, 409, "that slot is too far ahead");
    let WireBody::Statement(mut vote) = nomination(friend, scene.slot(), &[]) else {
        unreachable!()
    };
    // Ballot counters start at 1.
    vote.statement = Statement::Externalize {
        commit: Ballot::new(0, Value::from("poison")),
        n_h: 0,
    };
    let vote = WireBody::Statement(vote);
    let answer = scene.send("/vote", &[scene.signed(friend, 13, vote)]);
    check(&answer, 422, "SCP refuses it");
}

fn check_addressees(scene: &SignedFixture) {
    let (name, friend) = (&scene.network.name, &scene.friend);
    let mut message = scene.message(friend, 21, note(friend, 1, "tea"));
    message.to = Some(scene.outsider.key());
    let answer = scene.send("/propose", &[message.sign(friend, name).unwrap()]);
    check(&answer, 421, "it is for another node");
    let own = scene.signed(&scene.own, 22, note(&scene.own, 9, "echo"));
    check(
        &scene.send("/propose", &[own]),
        421,
        "this node is its sender",
    );
    let signed = scene.signed(friend, 23, note(friend, 1, "tea"));
    for path in ["/vote", "/catch-up", "/peers"] {
        let answer = scene.send(path, std::slice::from_ref(&signed));
        check(&answer, 421, "messages of this kind have another endpoint");
    }
}

fn check_proposals(scene: &SignedFixture) {
    let friend = &scene.friend;
    let tea = scene.signed(friend, 31, note(friend, 1, "tea"));
    let answer = scene.send("/propose", std::slice::from_ref(&tea));
    assert_eq!(receipts(&answer), [ReceiptCode::Accepted]);
    check(
        &scene.send("/propose", std::slice::from_ref(&tea)),
        409,
        "duplicate message",
    );
    wait_until("the note is decided", || scene.node.notes().len() == 2);
    let again = scene.signed(friend, 32, note(friend, 1, "tea"));
    check(
        &scene.send("/propose", &[again]),
        409,
        "it is in the log already",
    );

    // Several messages get a receipt each.
    let forged = scene.message(friend, 33, note(friend, 2, "forged"));
    let forged = forged.sign(&scene.outsider, &scene.network.name).unwrap();
    let cake = scene.signed(friend, 34, note(friend, 2, "cake"));
    let answer = scene.send("/propose", &[forged, tea, cake]);
    let expected = [
        ReceiptCode::BadSignature,
        ReceiptCode::Duplicate,
        ReceiptCode::Accepted,
    ];
    assert_eq!(receipts(&answer), expected);
    wait_until("the note is decided", || scene.node.notes().len() == 3);
}

/// A relayed message counts as sent by its author if its signature is valid.
fn check_bundles(scene: &SignedFixture) {
    let (name, friend, outsider) = (&scene.network.name, &scene.friend, &scene.outsider);
    // The author certifies its proposal, no matter which node relays it.
    scene.announce(friend, "n2");
    let bundle = |messages: Vec<Signed>| WireBundle {
        from: outsider.key(),
        messages,
    };
    let relay = |signed: &Signed| {
        let body = serde_json::to_string(signed).unwrap();
        scene.node.post("/relay", &body)
    };
    let jam = scene.signed(friend, 41, note(friend, 3, "jam"));
    let offer = |nth: u64| {
        let names = [MessageName {
            sender: friend.key(),
            nth,
        }];
        let answer = scene
            .node
            .post("/relay/offer", &json!({ "have": names }).to_string());
        assert_eq!(answer.status, 200, "{}", text(&answer.body));
        answer.json()["want"].as_array().unwrap().len()
    };
    assert_eq!(
        (offer(31), offer(41)),
        (0, 1),
        "known messages are not wanted"
    );
    let good = bundle(vec![jam.clone()]);
    let answer = relay(&good.sign(outsider, name).unwrap());
    assert_eq!(receipts(&answer), [ReceiptCode::Accepted]);
    assert_eq!(offer(41), 0);
    let forged = good.sign(friend, name).unwrap();
    check(&relay(&forged), 401, "the signature is not that of");
    let lie = scene.message(friend, 42, note(friend, 4, "lie"));
    let lie = bundle(vec![lie.sign(outsider, name).unwrap()]);
    check(
        &relay(&lie.sign(outsider, name).unwrap()),
        401,
        "the signature is not that of",
    );
    wait_until("the note is decided", || scene.node.notes().len() == 4);
}

/// The trusted-node service answers a signed query with a signed answer.
fn check_questions(scene: &SignedFixture) {
    let question = scene.signed(&scene.friend, 51, WireBody::PeersQuestion);
    let question = serde_json::to_string(&question).unwrap();
    let headers = [("quorumscope-question", question.as_str())];
    let answer = scene.node.call("GET", "/peers", &headers, b"");
    let view: quorumscope::live::status::PeersView = serde_json::from_slice(&answer.body).unwrap();
    let signed = VerifiedMessage::open(view.signed.unwrap(), &scene.network.name).unwrap();
    assert_eq!(signed.message.sender, scene.node.id);
    assert_eq!(signed.message.to, Some(scene.friend.key()));
    let WireBody::Peers { trusted, .. } = signed.message.body else {
        panic!("{:?}", signed.message.body);
    };
    assert!(trusted.contains(&scene.friend.key()) && !trusted.contains(&scene.outsider.key()));
    let asked = WireBody::CatchUpQuestion { from_slot: 1 };
    let answer = scene.send("/catch-up", &[scene.signed(&scene.friend, 52, asked)]);
    assert_eq!(receipts(&answer), [ReceiptCode::Accepted]);
}
