//! Tests of the order of commits and effects: nothing leaves a host whose store fails, and every effect follows the
//! commit on which it depends.

use super::*;
use crate::live::command::{ProposalOutcome, ProposeError};
use crate::live::config::process_settings;
use crate::live::file_store::FileStore;
use crate::live::identity::Identity;
use crate::live::message_cache::MessageCache;
use crate::live::peer_client::PeerRequest;
use crate::live::process::startup::{node_config, scenario};
use crate::live::store::{StoreError, WriteBatch};
use crate::live::wire::{Datagram, OwnMessages, VERSION, WireAnnouncement};
use crate::live::{Limits, OnStop};
use crate::node::{
    AnnouncementKind, Content, FileInfo, NodeKey, NodeSettings, ProposalId, Threshold,
};
use crate::scp::NodeId;
use crossbeam_channel::{Sender, unbounded};
use std::io;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

/// Secret key of this node, and of another one.
const OWN: [u8; 32] = [1; 32];
const PEER: [u8; 32] = [2; 32];

/// A call to the store or the network.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Action {
    Commit,
    /// A commit of a new epoch.
    CommitEpoch(u64),
    FailedCommit,
    Send,
    /// The broadcast of an announcement of this epoch.
    Broadcast(u64),
}

#[derive(Clone, Default)]
struct Actions(Arc<Mutex<Vec<Action>>>);

impl Actions {
    fn push(&self, action: Action) {
        self.0.lock().unwrap().push(action);
    }

    fn take(&self) -> Vec<Action> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

struct FailingStore {
    actions: Actions,
    fails: Arc<AtomicBool>,
}

impl DurableStore for FailingStore {
    fn commit(&mut self, batch: &WriteBatch) -> Result<(), StoreError> {
        assert!(!batch.is_empty());
        if self.fails.load(Ordering::Relaxed) {
            self.actions.push(Action::FailedCommit);
            let source = io::Error::from(io::ErrorKind::StorageFull);
            let (path, doing) = ("node.redb".into(), "write");
            return Err(StoreError::Io {
                path,
                doing,
                source,
            });
        }
        self.actions.push(match batch.epoch {
            Some(epoch) => Action::CommitEpoch(epoch),
            None => Action::Commit,
        });
        Ok(())
    }
}

struct LoggingNetwork(Actions);

impl HostNetwork for LoggingNetwork {
    fn send(&mut self, _: NodeId, _: SocketAddr, _: PeerRequest) -> bool {
        self.0.push(Action::Send);
        true
    }

    fn disconnect(&mut self, _: NodeId) {}

    fn broadcast(&mut self, packet: &[u8]) -> io::Result<()> {
        let (announcement, _) = Datagram::read(packet, "test").unwrap();
        self.0.push(Action::Broadcast(announcement.epoch));
        Ok(())
    }

    fn prove(&mut self, _: NodeKey, _: SocketAddr) -> bool {
        true
    }

    fn fetch(&mut self, _: FileInfo, _: Vec<String>) {
        self.0.push(Action::Send);
    }
}

/// A beacon that decides alone, on a store that can be made to fail.
struct Fixture {
    host: Host,
    actions: Actions,
    fails: Arc<AtomicBool>,
    // Kept alive: the other end of the host's command channel, and its folder.
    _commands: Sender<HostCommand>,
    _folder: tempfile::TempDir,
}

/// The settings of a beacon that decides alone.
pub(super) fn config(folder: &std::path::Path) -> LiveConfig {
    let address = SocketAddr::from(([127, 0, 0, 1], 9));
    LiveConfig {
        name: "n0".to_owned(),
        network: "test".to_owned(),
        data: folder.join("data"),
        files: folder.join("files"),
        http: address,
        advertise: None,
        broadcast: address,
        is_beacon: true,
        trust: None,
        // The node alone is a quorum, even after it has discovered another node.
        threshold: Threshold::Count(1),
        settings: Arc::new(NodeSettings {
            min_nodes: 1,
            settle: Span::from_ms(1),
            ..process_settings()
        }),
        limits: Limits::default(),
        token: None,
        tls: None,
        trace: None,
        on_stop: OnStop::Pause,
    }
}

impl Fixture {
    fn new(fails: bool) -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        let (actions, fails) = (Actions::default(), Arc::new(AtomicBool::new(fails)));
        let config = Arc::new(config(folder.path()));
        let identity = Arc::new(Identity::new(OWN));
        let mut directory = NodeDirectory::new(identity.key());
        let node_config = Arc::new(node_config(&config, &identity, &mut directory).unwrap());
        let clock = Clock::start();
        let scenario = Arc::new(scenario(&config, &node_config));
        let (commands, queue) = unbounded();
        let context = Arc::new(PeerContext {
            network: config.network.clone(),
            identity,
            message_cache: Arc::new(MessageCache::default()),
            known_keys: Arc::default(),
            log: Arc::default(),
            inbound_counters: Arc::default(),
            host: commands.clone(),
            stop: Arc::default(),
        });
        let host = Host::new(HostParts {
            epoch: 1,
            recorder: Recorder::new(Arc::clone(&node_config), scenario, &clock, None),
            node: Node::new(node_config),
            store: Box::new(FailingStore {
                actions: actions.clone(),
                fails: Arc::clone(&fails),
            }),
            network: Box::new(LoggingNetwork(actions.clone())),
            files: Box::new(FileStore::open(&config.files, 1 << 20).unwrap()),
            fetched: crossbeam_channel::never(),
            commands: queue,
            config,
            clock,
            directory,
            context,
        });
        Fixture {
            host,
            actions,
            fails,
            _commands: commands,
            _folder: folder,
        }
    }

    /// An announcement that is made now.
    fn announcement(&self, author: &Identity, port: u16) -> WireAnnouncement {
        WireAnnouncement {
            version: VERSION,
            network: "test".to_owned(),
            key: author.key(),
            name: "n1".to_owned(),
            http: SocketAddr::from(([127, 0, 0, 1], port)),
            kind: AnnouncementKind::Here,
            nth: 1,
            epoch: 1,
            messages: 256,
            mark_us: self.host.context.clock.wall_us(),
        }
    }

    fn receive(&mut self, announcement: &WireAnnouncement, author: &Identity) {
        let signed = announcement.sign(author).unwrap();
        let source = announcement.http.ip();
        let announcement = Box::new((announcement.clone(), signed));
        let command = HostCommand::Announcement(announcement, source);
        self.host.handle(command);
    }

    /// The node with this key proves its address, and returns what it remembers of this one.
    fn prove(&mut self, announcement: &WireAnnouncement, own: OwnMessages) {
        let (key, http) = (announcement.key, announcement.http);
        let proved = HostCommand::AddressChecked(key, http, Ok(own));
        self.host.handle(proved);
    }

    /// Receives the announcement of another node, so that messages have a receiver.
    fn announce_peer(&mut self) {
        let other = Identity::new(PEER);
        let announcement = self.announcement(&other, 9);
        self.receive(&announcement, &other);
        self.prove(&announcement, OwnMessages::default());
    }

    /// The address at which this host reaches the other node.
    fn address_of_peer(&self) -> Option<SocketAddr> {
        let node = self
            .host
            .context
            .directory
            .find(Identity::new(PEER).key())?;
        self.host.context.directory.http(node)
    }

    fn counter(&self, name: &str) -> u64 {
        let counters = self.host.context.counters.all();
        counters.get(name).copied().unwrap_or(0)
    }

    fn propose(&mut self, note: &str) -> oneshot::Receiver<Result<ProposalId, ProposeError>> {
        let (reply, answer) = oneshot::channel();
        let content = Content::Note(note.to_owned());
        self.host.handle(HostCommand::Propose(content, reply));
        answer
    }

    /// Runs turns until the node votes.
    fn until_ready(&mut self) {
        use crate::node::view::Readiness;
        while self.host.context.runtime.view().readiness != Readiness::Ready {
            self.host.turn();
        }
    }
}

#[test]
fn a_host_sends_nothing_until_its_first_commit_succeeds() {
    let mut fixture = Fixture::new(true);
    fixture.host.start(None);
    let mut refused = fixture.propose("refused");
    assert!(matches!(
        refused.try_recv(),
        Ok(Err(ProposeError::Storage(_)))
    ));
    assert_eq!(fixture.actions.take(), [Action::FailedCommit]);
    fixture.host.turn();
    assert_eq!(
        fixture.actions.take(),
        [Action::FailedCommit],
        "it is retried once per half second"
    );
    fixture.fails.store(false, Ordering::Relaxed);
    fixture.host.turn();
    let actions = fixture.actions.take();
    assert_eq!(
        actions[..2],
        [Action::Commit, Action::Broadcast(1)],
        "{actions:?}"
    );
}

#[test]
fn effects_of_a_step_wait_for_the_commit_of_that_step() {
    let mut fixture = Fixture::new(false);
    fixture.host.start(None);
    fixture.announce_peer();
    fixture.until_ready();
    let (reply, mut subscription) = oneshot::channel();
    fixture.host.handle(HostCommand::Subscribe(reply));
    fixture.host.commit();
    let mut records = subscription.try_recv().unwrap().records;
    drop(fixture.actions.take());

    fixture.fails.store(true, Ordering::Relaxed);
    let mut answer = fixture.propose("tea");
    fixture.host.commit();
    assert_eq!(fixture.actions.take(), [Action::FailedCommit]);
    assert_eq!(
        answer.try_recv(),
        Err(TryRecvError::Empty),
        "not acknowledged"
    );
    assert!(records.try_recv().is_err(), "no record");

    fixture.fails.store(false, Ordering::Relaxed);
    // This turn waits until the retry.
    fixture.host.turn();
    let actions = fixture.actions.take();
    assert_eq!(actions[..2], [Action::Commit, Action::Send], "{actions:?}");
    let id = answer.try_recv().unwrap().unwrap();
    assert!(records.try_recv().is_ok());

    // A query for a decision that is not stored yet waits, too.
    fixture.fails.store(true, Ordering::Relaxed);
    let _answer = fixture.propose("cake");
    let next = ProposalId {
        nth: id.nth + 1,
        ..id
    };
    while fixture.host.context.waiters.slot_of(next).is_none() {
        fixture.host.wait(fixture.host.poll_timeout());
        fixture.host.fire_timers();
    }
    let (reply, mut decision) = oneshot::channel();
    fixture.host.handle(HostCommand::AwaitDecision(next, reply));
    fixture.host.commit();
    assert_eq!(
        decision.try_recv(),
        Err(TryRecvError::Empty),
        "not reported"
    );
    fixture.fails.store(false, Ordering::Relaxed);
    fixture.host.turn();
    assert!(matches!(
        decision.try_recv(),
        Ok(ProposalOutcome::Decided(_))
    ));
}

#[test]
fn a_node_that_moves_after_its_clock_was_ahead_is_found_at_its_new_address() {
    let mut fixture = Fixture::new(false);
    fixture.host.start(None);
    let peer = Identity::new(PEER);
    let second_us = 1_000_000;
    let mut before = fixture.announcement(&peer, 9);
    before.mark_us += 30 * second_us;
    fixture.receive(&before, &peer);
    fixture.prove(&before, OwnMessages::default());
    assert_eq!(fixture.address_of_peer(), Some(before.http));

    let moved = WireAnnouncement {
        epoch: 2,
        ..fixture.announcement(&peer, 10)
    };
    fixture.receive(&moved, &peer);
    fixture.prove(&moved, OwnMessages::default());
    assert_eq!(fixture.address_of_peer(), Some(moved.http));

    // Announcements of the run before do not count, although their marks are higher.
    before.mark_us += second_us;
    fixture.receive(&before, &peer);
    assert_eq!(fixture.counter("datagrams_of_other_runs"), 1);
    let goodbye = WireAnnouncement {
        kind: AnnouncementKind::Leaving,
        http: moved.http,
        nth: 2,
        ..before
    };
    fixture.receive(&goodbye, &peer);
    assert_eq!(fixture.counter("datagrams_of_other_runs"), 2);
    assert_eq!(fixture.address_of_peer(), Some(moved.http));
}

#[test]
fn a_rolled_back_node_stores_a_higher_epoch_before_it_announces_it() {
    let mut fixture = Fixture::new(false);
    fixture.host.start(None);
    let (own, peer) = (Identity::new(OWN), Identity::new(PEER));
    let of_peer = fixture.announcement(&peer, 9);
    fixture.receive(&of_peer, &peer);
    let remembered = WireAnnouncement {
        nth: 12,
        epoch: 7,
        mark_us: fixture.host.context.clock.epoch_unix_us() - 1,
        ..fixture.announcement(&own, 9)
    };
    drop(fixture.actions.take());
    fixture.fails.store(true, Ordering::Relaxed);
    let remembered = OwnMessages {
        announcement: Some(remembered),
        ..OwnMessages::default()
    };
    fixture.prove(&of_peer, remembered);
    fixture.host.turn_within(Duration::ZERO);
    assert_eq!(fixture.actions.take(), [Action::FailedCommit]);
    fixture.fails.store(false, Ordering::Relaxed);
    // This turn waits until the retry.
    fixture.host.turn();
    let actions = fixture.actions.take();
    assert_eq!(actions[0], Action::CommitEpoch(8), "{actions:?}");
    assert!(actions.contains(&Action::Broadcast(8)), "{actions:?}");
    let old = |action: &Action| matches!(action, Action::Broadcast(1));
    assert!(!actions.iter().any(old), "{actions:?}");
    assert_eq!(fixture.counter("epochs_raised"), 1);
}

#[test]
fn no_epoch_begins_while_another_process_uses_the_key() {
    let mut fixture = Fixture::new(false);
    fixture.host.start(None);
    let own = Identity::new(OWN);
    let other = WireAnnouncement {
        epoch: 2,
        mark_us: fixture.host.context.clock.wall_us() + 1,
        ..fixture.announcement(&own, 10)
    };
    fixture.receive(&other, &own);
    fixture.host.turn_within(Duration::ZERO);
    assert_eq!(fixture.counter("key_in_use"), 1);
    assert_eq!(fixture.counter("epochs_raised"), 0, "the process runs");
}
