//! `Links`: what this node sends to each other node, one named thread per node.
//!
//! A link sends in order, as much in one call as has gathered meanwhile. What cannot be delivered is dropped together
//! with everything behind it: the node sends again what matters, and old news is no use to anybody. Absent here:
//! what is sent.

use super::command::{Command, Flight, Journey};
use super::identity::Identity;
use super::seen::Seen;
use super::status::PeersView;
use super::wire::{LogHead, MessageName, Opened, Receipts, Signed, WireBundle};
use crate::node::{FileInfo, Proposal};
use crate::scp::NodeId;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use utoipa::ToSchema;

/// How many errands wait for one node.
const ERRANDS_MAX: usize = 4096;
/// How many messages one call carries.
const MESSAGES_PER_CALL: usize = 128;
/// How many bytes of messages one call carries, unless a single one is larger.
const BYTES_PER_CALL: usize = 1 << 20;
/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// No answer is longer.
const ANSWER_BYTES_MAX: u64 = 8 << 20;
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
}

impl Caller {
    fn run(mut self) {
        while !self.office.stop.load(Ordering::Relaxed) {
            let errand = match self.pending.take() {
                Some(errand) => errand,
                None => match self.queue.recv() {
                    Ok(errand) => errand,
                    Err(_) => return,
                },
            };
            match errand {
                Errand::Deliver(endpoint, signed, flight) => self.deliver(endpoint, signed, flight),
                Errand::Ask(question, flight) => self.ask(&question, flight),
                Errand::Offer(names) => self.offer(names.to_vec()),
                Errand::Look(proposal, file) => self.look(proposal, &file),
            }
        }
    }

    /// Delivers a message, and with it what comes next and goes to the same place.
    fn deliver(&mut self, endpoint: Endpoint, first: Signed, flight: Flight) {
        let mut bytes = first.message.get().len();
        let mut call = Messages {
            messages: vec![first],
        };
        let mut flights = vec![flight];
        while call.messages.len() < MESSAGES_PER_CALL {
            match self.queue.try_recv() {
                Ok(Errand::Deliver(to, signed, flight))
                    if to == endpoint && bytes + signed.message.get().len() <= BYTES_PER_CALL =>
                {
                    bytes += signed.message.get().len();
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
            Ok(receipts) => self.report(flights, Journey::Arrived(Some(receipts.log))),
            Err(why) => self.give_up(flights, why),
        }
    }

    /// The node does not answer: nothing that waits for it gets there in time.
    fn give_up(&mut self, mut flights: Vec<Flight>, why: String) {
        let waiting = self.pending.take();
        for errand in waiting.into_iter().chain(self.queue.try_iter()) {
            match errand {
                Errand::Deliver(_, _, flight) | Errand::Ask(_, flight) => flights.push(flight),
                Errand::Offer(_) => {}
                Errand::Look(proposal, _) => {
                    let verdict = Command::Readable(proposal, Err(why.clone()));
                    // The host is gone only when everything ends.
                    drop(self.office.host.send(verdict));
                }
            }
        }
        self.report(flights, Journey::Lost(why));
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
            Err(why) => self.give_up(vec![flight], why),
        }
    }

    /// Asks the trusted-node service. The answer, if it is signed as it should be.
    fn peers(&self, question: &Signed) -> Result<(Option<Opened>, LogHead), String> {
        let header = serde_json::to_string(question).map_err(|error| error.to_string())?;
        let response = self
            .agent
            .get(format!("{}/peers", self.base))
            .header(QUESTION_HEADER, header)
            .call()
            .map_err(|error| error.to_string())?;
        let answer: PeersView = read(response)?;
        let signed = answer
            .signed
            .and_then(|signed| Opened::open(signed, &self.office.network).ok());
        Ok((signed, answer.log))
    }

    fn offer(&mut self, have: Vec<MessageName>) {
        let Ok(answer) = self.post::<_, Want>("/relay/offer", &Offer { have }) else {
            return;
        };
        let messages = self.office.seen.get(&answer.want);
        if messages.is_empty() {
            return;
        }
        let bundle = WireBundle {
            from: self.office.identity.key(),
            messages,
        };
        if let Ok(signed) = bundle.sign(&self.office.identity, &self.office.network) {
            // What does not get there is offered again, or sent again by its author.
            drop(self.post::<_, Receipts>("/relay", &signed));
        }
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
    ) -> Result<A, String> {
        let body = serde_json::to_vec(content).map_err(|error| error.to_string())?;
        let response = self
            .agent
            .post(format!("{}{path}", self.base))
            .content_type("application/json")
            .send(&body[..])
            .map_err(|error| error.to_string())?;
        read(response)
    }
}

fn read<A: for<'de> Deserialize<'de>>(
    mut response: ureq::http::Response<ureq::Body>,
) -> Result<A, String> {
    let status = response.status();
    let body = response
        .body_mut()
        .with_config()
        .limit(ANSWER_BYTES_MAX)
        .read_to_vec()
        .map_err(|error| error.to_string())?;
    // Refused messages have arrived: what became of them is said in the same form.
    serde_json::from_slice(&body).map_err(|error| format!("status {status}: {error}"))
}
