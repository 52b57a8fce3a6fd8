//! `Links`: what this node sends to each other node, one named thread per node.
//!
//! A link sends in order, as much in one call as has gathered meanwhile and as a node takes. What cannot be delivered is
//! dropped together with everything behind it: the node sends again what matters, and old news is no use to anybody.
//! What is passed on for others is offered again until it is taken or forgotten. Absent here: what is sent.

mod answer;
mod load;

use super::command::{Command, Flight, Journey};
use super::config::BODY_BYTES_MAX;
use super::identity::Identity;
use super::seen::Seen;
use super::status::PeersView;
use super::wire::{LogHead, MessageName, Opened, Receipts, Signed, WireBundle};
use crate::node::{FileInfo, Proposal};
use crate::scp::NodeId;
use answer::{Failure, read};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use load::{Backlog, Load, loads};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use utoipa::ToSchema;

/// How many errands wait for one node.
const ERRANDS_MAX: usize = 4096;
/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it takes until what was not taken is offered again; then twice as long, and so on.
const OFFER_AGAIN: Duration = Duration::from_secs(1);
/// ... but never longer than this.
const OFFER_AGAIN_MAX: Duration = Duration::from_secs(60);
/// The header that carries a node's signed question.
pub(super) const QUESTION_HEADER: &str = "quorumscope-question";

/// Where a message is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// Statements of SCP.
    Vote,
    /// Proposals.
    Propose,
    /// Answers of the trusted-node service that were not asked for.
    Peers,
    /// Questions and answers about what was decided.
    CatchUp,
}

impl Endpoint {
    const fn path(self) -> &'static str {
        match self {
            Endpoint::Vote => "/vote",
            Endpoint::Propose => "/propose",
            Endpoint::Peers => "/peers",
            Endpoint::CatchUp => "/catch-up",
        }
    }
}

/// Messages on their way to a node.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Messages {
    /// Each signed by its sender.
    pub messages: Vec<Signed>,
}

/// What a node could pass on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Offer {
    /// Names of messages.
    pub have: Vec<MessageName>,
}

/// What of an offer is not known.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct Want {
    /// Names of messages.
    pub want: Vec<MessageName>,
}

/// Something to do at one node.
pub(super) enum Errand {
    /// Deliver a message.
    Deliver(Endpoint, Signed, Flight),
    /// Ask whom it knows.
    Ask(Signed, Flight),
    /// Offer what has come from others.
    Offer(Arc<[MessageName]>),
    /// Ask whether a proposed file can be read there.
    Look(Arc<Proposal>, FileInfo),
}

/// What all links share.
pub(super) struct Office {
    /// The name of the network.
    pub network: String,
    /// Signs bundles.
    pub identity: Arc<Identity>,
    /// What has come from others.
    pub seen: Arc<Seen>,
    /// Where reports go.
    pub host: Sender<Command>,
    /// Set when everything ends.
    pub stop: Arc<AtomicBool>,
}

struct Link {
    http: SocketAddr,
    errands: Sender<Errand>,
}

/// The links to all nodes.
pub(super) struct Links {
    office: Arc<Office>,
    links: BTreeMap<NodeId, Link>,
}

impl Links {
    /// No links yet.
    #[must_use]
    pub(super) fn new(office: Arc<Office>) -> Links {
        Links {
            office,
            links: BTreeMap::new(),
        }
    }

    /// Sends somebody on an errand to `node`, which answers at `http`. False if there is no thread or too much to do.
    pub(super) fn send(&mut self, node: NodeId, http: SocketAddr, errand: Errand) -> bool {
        if self.links.get(&node).is_none_or(|link| link.http != http) {
            // A node that has moved is another one: the old thread ends when its channel closes.
            let Some(link) = Link::open(&self.office, node, http) else {
                return false;
            };
            self.links.insert(node, link);
        }
        let Some(link) = self.links.get(&node) else {
            return false;
        };
        match link.errands.try_send(errand) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }

    /// Forgets the link to a node.
    pub(super) fn close(&mut self, node: NodeId) {
        self.links.remove(&node);
    }
}

impl Link {
    fn open(office: &Arc<Office>, node: NodeId, http: SocketAddr) -> Option<Link> {
        let (errands, queue) = bounded(ERRANDS_MAX);
        let caller = Caller {
            office: Arc::clone(office),
            node,
            base: format!("http://{http}"),
            agent: agent(CALL_TIMEOUT),
            queue,
            pending: None,
            backlog: Backlog::default(),
            offer_again: OFFER_AGAIN,
        };
        thread::Builder::new()
            .name(format!("qs-link-{}", node.0))
            .spawn(move || caller.run())
            .ok()?;
        Some(Link { http, errands })
    }
}

/// Makes calls that never take longer than `timeout`.
#[must_use]
pub(super) fn agent(timeout: Duration) -> ureq::Agent {
    super::agent::agent()
        .timeout_connect(Some(CONNECT_TIMEOUT.min(timeout)))
        .timeout_global(Some(timeout))
        .build()
        .new_agent()
}

struct Caller {
    office: Arc<Office>,
    node: NodeId,
    base: String,
    agent: ureq::Agent,
    queue: Receiver<Errand>,
    /// What was taken from the queue and did not fit.
    pending: Option<Errand>,
    /// What is still to be offered.
    backlog: Backlog,
    /// How long it waits before it offers again.
    offer_again: Duration,
}

impl Caller {
    fn run(mut self) {
        while !self.office.stop.load(Ordering::Relaxed) {
            let errand = match self.pending.take() {
                Some(errand) => errand,
                None => match self.next() {
                    Ok(errand) => errand,
                    Err(RecvTimeoutError::Timeout) => {
                        self.offer();
                        continue;
                    }
                    Err(RecvTimeoutError::Disconnected) => return,
                },
            };
            match errand {
                Errand::Deliver(endpoint, signed, flight) => self.deliver(endpoint, signed, flight),
                Errand::Ask(question, flight) => self.ask(&question, flight),
                Errand::Offer(names) => {
                    self.backlog.put(names.iter().copied());
                    self.offer();
                }
                Errand::Look(proposal, file) => self.look(proposal, &file),
            }
        }
    }

    /// What is to be done next. While something waits to be offered again, not for ever.
    fn next(&self) -> Result<Errand, RecvTimeoutError> {
        match self.backlog.is_empty() {
            true => Ok(self.queue.recv()?),
            false => self.queue.recv_timeout(self.offer_again),
        }
    }

    /// Delivers a message, and with it what comes next and goes to the same place.
    fn deliver(&mut self, endpoint: Endpoint, first: Signed, flight: Flight) {
        let mut load = Load::default();
        load.take(&first);
        let mut call = Messages {
            messages: vec![first],
        };
        let mut flights = vec![flight];
        loop {
            match self.queue.try_recv() {
                Ok(Errand::Deliver(to, signed, flight)) if to == endpoint && load.take(&signed) => {
                    call.messages.push(signed);
                    flights.push(flight);
                }
                Ok(other) => {
                    self.pending = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        match self.post::<_, Receipts>(endpoint.path(), &call) {
            Ok(receipts) => self.report(flights, Journey::Arrived(receipts.log)),
            Err(failure) => self.failed(flights, failure),
        }
    }

    fn failed(&mut self, flights: Vec<Flight>, failure: Failure) {
        match failure {
            Failure::Silent(why) => self.give_up(flights, &why, Journey::Lost(why.clone())),
            Failure::Busy(why) => self.give_up(flights, &why, Journey::Refused(why.clone())),
            // It takes other things.
            Failure::Refused(why) => self.report(flights, Journey::Refused(why)),
        }
    }

    /// The node does not answer, or is too busy: nothing that waits for it gets there in time.
    fn give_up(&mut self, mut flights: Vec<Flight>, why: &str, journey: Journey) {
        let waiting = self.pending.take();
        for errand in waiting.into_iter().chain(self.queue.try_iter()) {
            match errand {
                Errand::Deliver(_, _, flight) | Errand::Ask(_, flight) => flights.push(flight),
                Errand::Offer(names) => self.backlog.put(names.iter().copied()),
                Errand::Look(proposal, _) => {
                    let verdict = Command::Readable(proposal, Err(why.to_owned()));
                    // The host is gone only when everything ends.
                    drop(self.office.host.send(verdict));
                }
            }
        }
        self.report(flights, journey);
    }

    fn report(&self, flights: Vec<Flight>, journey: Journey) {
        let report = Command::Journeys(self.node, flights, journey);
        drop(self.office.host.send(report));
    }

    fn ask(&mut self, question: &Signed, flight: Flight) {
        match self.peers(question) {
            Ok((answer, log)) => {
                if let Some(answer) = answer {
                    drop(
                        self.office
                            .host
                            .send(Command::PeersAnswer(Box::new(answer))),
                    );
                }
                self.report(vec![flight], Journey::Arrived(Some(log)));
            }
            Err(failure) => self.failed(vec![flight], failure),
        }
    }

    /// Asks the trusted-node service. The answer, if it is signed as it should be.
    fn peers(&self, question: &Signed) -> Result<(Option<Opened>, LogHead), Failure> {
        let unwritten = |error: serde_json::Error| Failure::Refused(error.to_string());
        let header = serde_json::to_string(question).map_err(unwritten)?;
        let response = self
            .agent
            .get(format!("{}/peers", self.base))
            .header(QUESTION_HEADER, header)
            .call()
            .map_err(|error| Failure::Silent(error.to_string()))?;
        let answer: PeersView = read(response)?;
        let signed = answer
            .signed
            .and_then(|signed| Opened::open(signed, &self.office.network).ok());
        Ok((signed, answer.log))
    }

    /// Offers what is still to be offered, and sends what is wanted.
    fn offer(&mut self) {
        let have = self.backlog.take();
        match self.pass_on(&have) {
            Ok(()) => self.offer_again = OFFER_AGAIN,
            Err((failure, left)) => {
                if let Failure::Busy(why) | Failure::Refused(why) = &failure {
                    self.report(Vec::new(), Journey::Refused(why.clone()));
                }
                // What is refused once is refused again.
                if !matches!(failure, Failure::Refused(_)) {
                    self.backlog.put(left);
                    self.offer_again = (2 * self.offer_again).min(OFFER_AGAIN_MAX);
                }
            }
        }
    }

    /// Passes on what of these messages is wanted, in as many bundles as it takes. On failure also says what of them
    /// may still be wanted.
    fn pass_on(&self, have: &[MessageName]) -> Result<(), (Failure, Vec<MessageName>)> {
        let offer = Offer {
            have: have.to_vec(),
        };
        let answer = self.post::<_, Want>("/relay/offer", &offer);
        let answer = answer.map_err(|failure| (failure, have.to_vec()))?;
        let want: BTreeSet<MessageName> = answer.want.into_iter().collect();
        let wanted = have.iter().filter(|name| want.contains(name));
        let wanted: Vec<MessageName> = wanted.copied().collect();
        let mut loads = loads(self.office.seen.get(&wanted)).into_iter();
        while let Some(load) = loads.next() {
            let (names, messages): (Vec<MessageName>, _) = load.into_iter().unzip();
            match self.send_bundle(messages) {
                Ok(()) => {}
                Err(Failure::Refused(why)) => self.report(Vec::new(), Journey::Refused(why)),
                Err(failure) => {
                    let rest = loads.flatten().map(|(name, _)| name);
                    return Err((failure, names.into_iter().chain(rest).collect()));
                }
            }
        }
        Ok(())
    }

    fn send_bundle(&self, messages: Vec<Signed>) -> Result<(), Failure> {
        let bundle = WireBundle {
            from: self.office.identity.key(),
            messages,
        };
        let signed = bundle
            .sign(&self.office.identity, &self.office.network)
            .map_err(|error| Failure::Refused(error.to_string()))?;
        self.post::<_, Receipts>("/relay", &signed).map(drop)
    }

    /// Can the file be read there, with this hash and size?
    fn look(&mut self, proposal: Arc<Proposal>, file: &FileInfo) {
        let url = format!("{}/files/{}", self.base, file.sha256);
        let verdict = match self.agent.head(url).call() {
            Err(error) => Err(error.to_string()),
            Ok(response) => {
                let length = response
                    .headers()
                    .get("content-length")
                    .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
                match (response.status().as_u16(), length) {
                    (200, Some(length)) if length == file.size_bytes => Ok(()),
                    (200, length) => Err(format!(
                        "it has {} bytes at its origin, not {}",
                        length.map_or("unknown".to_owned(), |length| length.to_string()),
                        file.size_bytes
                    )),
                    (status, _) => Err(format!("its origin answers with status {status}")),
                }
            }
        };
        drop(self.office.host.send(Command::Readable(proposal, verdict)));
    }

    fn post<T: Serialize, A: for<'de> Deserialize<'de>>(
        &self,
        path: &str,
        content: &T,
    ) -> Result<A, Failure> {
        let body = serde_json::to_vec(content).map_err(|e| Failure::Refused(e.to_string()))?;
        if body.len() > BODY_BYTES_MAX {
            let why = format!(
                "not sent: {path} with {} bytes, and no node takes more than {BODY_BYTES_MAX}",
                body.len()
            );
            return Err(Failure::Refused(why));
        }
        let response = self
            .agent
            .post(format!("{}{path}", self.base))
            .content_type("application/json")
            .send(&body[..])
            .map_err(|error| Failure::Silent(error.to_string()))?;
        read(response)
    }
}
