//! Node process: starts all threads of a node in order, and stops them in order.
//!
//! | thread | task |
//! |---|---|
//! | `qs-node` | the host, with the node |
//! | `qs-http` | REST interface |
//! | `qs-udp` | discovery |
//! | `qs-peer-N` | calls to node N |
//! | `qs-prove-N` | proofs of announced addresses |
//! | `fetch N` | downloads of files |

pub(super) mod startup;

use super::address_prover::AddressProver;
use super::clock::Clock;
use super::command::HostCommand;
use super::config::{LiveConfig, OnStop};
use super::fetch::{FetchSettings, Fetcher};
use super::file_store::{FileStore, FilesError};
use super::host::{Host, HostParts, ProcessNetwork};
use super::http::{Api, ServeError, Server, router};
use super::identity::{Identity, IdentityError};
use super::inbound_counters::InboundCounters;
use super::known_keys::KnownKeys;
use super::message_cache::MessageCache;
use super::peer_client::{PeerClients, PeerContext};
use super::recorder::Recorder;
use super::store::{Store, StoreError};
use super::udp::{ReceivedDatagram, Udp, UdpError, source_address};
use crate::node::{Node, NodeConfig, NodeKey};
use crate::trace::{Provenance, TraceError, TraceWriter};
use crossbeam_channel::{Sender, TrySendError, bounded};
use startup::{StoredState, scenario};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use tokio::sync::watch;

/// Capacity of the channels of commands and fetch events.
const COMMANDS_MAX: usize = 65_536;

/// Why a node process cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be created.
    #[error("{}: {source}; choose a data folder that can be written", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// The secret key cannot be read or created.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The folder has a key but no store. The node could contradict statements that it has signed before.
    #[error(
        "{}: the store of this node is missing, and with it its earlier statements: the node must not send statements under its key again; \
         put the store back, or remove the key beside it to begin as another node", .0.display()
    )]
    NoStore(PathBuf),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store belongs to another node.
    #[error("{}: this store belongs to another key than the one beside it; restore the store that belongs to this key", .0.display())]
    OtherKey(PathBuf),
    /// The folder of files cannot be opened.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// The UDP port cannot be opened.
    #[error(transparent)]
    Udp(#[from] UdpError),
    /// The HTTP server cannot start.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The trace file cannot be created.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// The quorum set is not sane.
    #[error("the quorum set: {0}")]
    Trust(String),
    /// Other nodes could not reach the node at this address.
    #[error("other nodes cannot reach this node at {0}; use --advertise ADDRESS:PORT")]
    NotReachable(SocketAddr),
    /// The operating system starts no further thread.
    #[error("no thread could be started: {0}")]
    Thread(io::Error),
}

/// A running node.
pub struct Process {
    commands: Sender<HostCommand>,
    host: Option<JoinHandle<()>>,
    others: Vec<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    ending: watch::Sender<bool>,
    /// Address of the HTTP server, with the port that the operating system has chosen.
    pub http: SocketAddr,
    /// Public key of the node.
    pub key: NodeKey,
    api: Arc<Api>,
    on_stop: OnStop,
}

impl Process {
    /// Starts a node. When this returns, the node answers HTTP requests.
    ///
    /// # Errors
    /// If a folder, the key, the store, a port or the quorum set cannot be used (then no thread has been started), or
    /// if a thread cannot be started.
    pub fn start(mut config: LiveConfig) -> Result<Process, StartError> {
        create_folder(&config.data)?;
        let (mut store, identity) = identify(&config.data)?;
        let identity = Arc::new(identity);
        let files = FileStore::open(&config.files, config.limits.file_bytes)?;
        let udp = Udp::open(config.broadcast)?;
        let server = Server::bind(config.http)?;
        resolve_addresses(&mut config, server.address())?;
        let stored = StoredState::load(&config, &identity, &mut store, &files)?;
        let epoch = store.begin_epoch()?;
        let clock = Clock::start();
        let recorder = recorder(&config, &stored.node_config, &clock)?;
        let config = Arc::new(config);
        let (commands, queue) = bounded(COMMANDS_MAX);
        let (fetches, fetched) = bounded(COMMANDS_MAX);
        let (ending, ending_seen) = watch::channel(false);
        let context = Arc::new(PeerContext {
            network: config.network.clone(),
            identity: Arc::clone(&identity),
            message_cache: Arc::new(MessageCache::default()),
            known_keys: Arc::new(KnownKeys::of(stored.directory.keys())),
            log: Arc::default(),
            inbound_counters: Arc::default(),
            host: commands.clone(),
            stop: Arc::new(AtomicBool::new(false)),
        });
        let listening = listen(&udp, &context)?;
        let api = Api::new(&context, &config, files.clone(), ending_seen.clone());
        let api = Arc::new(api.map_err(StartError::Thread)?);
        let serving = server.serve(Arc::clone(&api), ending_seen)?;
        let stop = Arc::clone(&context.stop);
        let (http, on_stop) = (config.http, config.on_stop);
        let network = ProcessNetwork {
            clients: PeerClients::new(Arc::clone(&context)),
            udp,
            fetcher: Fetcher::new(files.clone(), FetchSettings::default(), fetches),
            prover: AddressProver::start(&context).map_err(StartError::Thread)?,
        };
        let host = Host::new(HostParts {
            epoch,
            node: Node::new(stored.node_config),
            directory: stored.directory,
            store: Box::new(store),
            network: Box::new(network),
            recorder,
            files: Box::new(files),
            fetched,
            config,
            clock,
            context,
            commands: queue,
        });
        let persisted = stored.persisted;
        let host = thread::Builder::new()
            .name("qs-node".to_owned())
            .spawn(move || host.run(persisted))
            .map_err(StartError::Thread)?;
        Ok(Process {
            commands,
            host: Some(host),
            others: vec![listening, serving],
            stop,
            ending,
            http,
            key: identity.key(),
            api,
            on_stop,
        })
    }

    /// Stops the node. The host commits and runs its last effects; then open HTTP requests have two more seconds.
    pub fn stop(mut self) {
        let last = match self.on_stop {
            OnStop::Leave => HostCommand::Leave,
            OnStop::Pause => HostCommand::Stop,
        };
        drop(self.commands.send(last));
        if let Some(host) = self.host.take() {
            // A host that panicked has stopped, too.
            drop(host.join());
        }
        self.ending.send_replace(true);
        self.stop.store(true, Ordering::Relaxed);
        for other in std::mem::take(&mut self.others) {
            drop(other.join());
        }
    }

    /// The REST interface without a socket, for tests. Requests need the extension `ConnectInfo`.
    pub fn router(&self) -> axum::Router {
        router(Arc::clone(&self.api))
    }

    /// Whether the host has stopped without a request, which is a bug.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.host.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

/// Opens the store and the identity in this data folder. If both are missing, they are created, the store first: a key
/// without a store then always means that the store was lost.
///
/// # Errors
/// If one of them cannot be used, or the folder has a key but no store.
pub fn identify(data: &Path) -> Result<(Store, Identity), StartError> {
    if Identity::is_in(data) && !Store::is_in(data) {
        return Err(StartError::NoStore(Store::path_in(data)));
    }
    let store = Store::open(data)?;
    Ok((store, Identity::open(data)?))
}

/// Forwards a datagram to the host. If its queue is full, the datagram is dropped, as in a network. Datagrams of a
/// source that sends too many only count.
fn forward(
    commands: &Sender<HostCommand>,
    counters: &InboundCounters,
    datagram: ReceivedDatagram,
    from: SocketAddr,
) {
    let command = match datagram {
        ReceivedDatagram::Announcement(announcement) => {
            HostCommand::Announcement(announcement, from.ip())
        }
        ReceivedDatagram::Dropped(error) => HostCommand::DatagramDropped(error),
        ReceivedDatagram::OverBudget => return counters.count("datagrams_over_budget"),
    };
    if let Err(TrySendError::Full(_)) = commands.try_send(command) {
        tracing::warn!("an announcement was dropped: the queue of commands is full");
    }
}

fn listen(udp: &Udp, context: &PeerContext) -> Result<JoinHandle<()>, StartError> {
    let commands = context.host.clone();
    let counters = Arc::clone(&context.inbound_counters);
    let receive = move |datagram, from| forward(&commands, &counters, datagram, from);
    udp.listen(context.network.clone(), Arc::clone(&context.stop), receive)
        .map_err(StartError::Thread)
}

fn create_folder(path: &Path) -> Result<(), StartError> {
    std::fs::create_dir_all(path).map_err(|source| StartError::Folder {
        path: path.to_owned(),
        source,
    })
}

fn recorder(
    config: &LiveConfig,
    node: &Arc<NodeConfig>,
    clock: &Clock,
) -> Result<Recorder, StartError> {
    let scenario = Arc::new(scenario(config, node));
    let provenance = Provenance {
        epoch_unix_us: Some(clock.epoch_unix_us()),
        ..Provenance::default()
    };
    let path = config.trace.as_deref();
    let trace = path
        .map(|path| TraceWriter::create_in_place(path, &scenario, &provenance))
        .transpose()?;
    Ok(Recorder::new(Arc::clone(node), scenario, clock, trace))
}

/// Writes the bound address and the advertised address into the settings.
fn resolve_addresses(config: &mut LiveConfig, bound: SocketAddr) -> Result<(), StartError> {
    config.http = bound;
    let advertise = advertised(config)?;
    config.advertise = Some(advertise);
    if is_unreachable(advertise, config.broadcast) {
        tracing::warn!(
            "this node announces {advertise} to other machines at {}, but only this machine reaches it there; use --http 0.0.0.0:{}, or --advertise ADDRESS:PORT",
            config.broadcast,
            advertise.port()
        );
    }
    Ok(())
}

/// The address under which other nodes reach this one.
fn advertised(config: &LiveConfig) -> Result<SocketAddr, StartError> {
    let given = match config.advertise {
        Some(given) if given.port() == 0 => SocketAddr::new(given.ip(), config.http.port()),
        Some(given) => given,
        None if config.http.ip().is_unspecified() => {
            let source = source_address(config.broadcast);
            let ip = source.ok_or(StartError::NotReachable(config.http))?;
            SocketAddr::new(ip, config.http.port())
        }
        None => config.http,
    };
    match given.ip().is_unspecified() {
        true => Err(StartError::NotReachable(given)),
        false => Ok(given),
    }
}

/// Whether a loopback address is announced to other machines, where it refers to those machines themselves.
fn is_unreachable(advertise: SocketAddr, broadcast: SocketAddr) -> bool {
    advertise.ip().is_loopback() && !broadcast.ip().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::config::{Limits, process_settings};
    use crate::node::Threshold;
    use std::time::Duration;

    #[test]
    fn a_host_that_stops_without_a_request_is_detected() {
        let folder = tempfile::tempdir().unwrap();
        let process = Process::start(LiveConfig {
            name: "n1".to_owned(),
            network: "lunch".to_owned(),
            data: folder.path().to_owned(),
            files: folder.path().join("files"),
            http: "127.0.0.1:0".parse().unwrap(),
            advertise: None,
            // No other node listens there.
            broadcast: "127.255.255.255:9".parse().unwrap(),
            is_beacon: false,
            trust: None,
            threshold: Threshold::TwoThirds,
            settings: Arc::new(process_settings()),
            limits: Limits::default(),
            token: None,
            tls: None,
            trace: None,
            on_stop: OnStop::Pause,
        })
        .unwrap();
        assert!(!process.has_ended());
        // The host stops without a request to the process, as after a panic.
        process.commands.send(HostCommand::Stop).unwrap();
        while !process.has_ended() {
            thread::sleep(Duration::from_millis(5));
        }
        process.stop();
    }

    #[test]
    fn a_loopback_address_is_unreachable_for_other_machines() {
        let is = |advertise: &str, broadcast: &str| {
            is_unreachable(advertise.parse().unwrap(), broadcast.parse().unwrap())
        };
        assert!(is("127.0.0.1:8001", "192.168.1.255:47700"));
        assert!(is("[::1]:8001", "255.255.255.255:47700"));
        assert!(!is("127.0.0.1:8001", "127.255.255.255:47700"));
        assert!(!is("192.168.1.5:8001", "192.168.1.255:47700"));
    }
}
