//! `Process`: one node as a process. Starts everything in order, and stops it in order.

mod startup;

use super::clock::Clock;
use super::command::HostCommand;
use super::config::{LiveConfig, OnStop};
use super::fetch::{FetchSettings, Fetcher};
use super::file_store::{FileStore, FilesError};
use super::host::{Host, HostParts};
use super::http::{Api, ServeError, Server, router};
use super::identity::{Identity, IdentityError};
use super::message_cache::MessageCache;
use super::peer_client::PeerContext;
use super::recorder::Recorder;
use super::store::{Store, StoreError};
use super::udp::{Heard, Udp, UdpError, source_address};
use crate::node::{Node, NodeKey};
use crate::trace::{Provenance, TraceError, TraceWriter};
use crossbeam_channel::{Sender, TrySendError, bounded};
use startup::{directory, node_config, persisted, scenario};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use tokio::sync::watch;

/// How many commands wait for the node.
const COMMANDS_MAX: usize = 65_536;

/// Why a node could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be made.
    #[error("{}: {source}; choose a data folder that can be written", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No key.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Nobody knows what was said under this key.
    #[error(
        "{}: the store of this node is gone, and with it all that it has said: it must not speak again under its key; \
         put the store back, or remove the key beside it to begin as another node", .0.display()
    )]
    NoStore(PathBuf),
    /// No store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store is that of another node.
    #[error("{}: this store belongs to another key than the one beside it; put the files back together", .0.display())]
    OtherKey(PathBuf),
    /// No files.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// No discovery.
    #[error(transparent)]
    Udp(#[from] UdpError),
    /// No REST.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// No recording.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// The quorum set is of no use.
    #[error("the quorum set: {0}")]
    Trust(String),
    /// Nobody could find it.
    #[error("{0} is no address at which others could find this node; say --advertise ADDRESS:PORT")]
    Nowhere(SocketAddr),
    /// The system gives it no thread.
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
    /// Where it answers.
    pub http: SocketAddr,
    /// Who it is.
    pub key: NodeKey,
    api: Arc<Api>,
    on_stop: OnStop,
}

impl Process {
    /// Starts a node. When this returns it answers calls.
    ///
    /// # Errors
    /// If a folder, the key, the store, a port or the quorum set is not as it must be. Nothing runs then.
    pub fn start(mut config: LiveConfig) -> Result<Process, StartError> {
        let failed = |path: &PathBuf| {
            let path = path.clone();
            move |source| StartError::Folder { path, source }
        };
        std::fs::create_dir_all(&config.data).map_err(failed(&config.data))?;
        let (mut store, identity) = identify(&config.data)?;
        let identity = Arc::new(identity);
        let files = FileStore::open(&config.files, config.limits.file_bytes)?;
        let udp = Udp::open(config.broadcast)?;
        let server = Server::bind(config.http)?;
        config.http = server.address();
        let advertise = advertised(&config)?;
        config.advertise = Some(advertise);
        if is_unreachable(advertise, config.broadcast) {
            tracing::warn!(
                "others at {} are told that this node answers at {advertise}, where only this machine finds it; say --http 0.0.0.0:{}, or --advertise ADDRESS:PORT",
                config.broadcast,
                advertise.port()
            );
        }
        let mut directory = directory(&mut store, &identity, &config)?;
        let node_config = Arc::new(node_config(&config, &identity, &mut directory)?);
        let persisted = persisted(&mut store, &files)?;
        let scenario = Arc::new(scenario(&config, &node_config));
        let clock = Clock::start();
        let provenance = Provenance {
            epoch_unix_us: Some(clock.epoch_unix_us()),
            ..Provenance::default()
        };
        let trace = config.trace.as_deref();
        let trace = trace
            .map(|path| TraceWriter::create_in_place(path, &scenario, &provenance))
            .transpose()?;
        let config = Arc::new(config);
        let (commands, queue) = bounded(COMMANDS_MAX);
        let (fetches, fetched) = bounded(COMMANDS_MAX);
        let (ending, ending_seen) = watch::channel(false);
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::new(MessageCache::default());
        let http = config.http;
        let context = Arc::new(PeerContext {
            network: config.network.clone(),
            identity: Arc::clone(&identity),
            seen: Arc::clone(&seen),
            host: commands.clone(),
            stop: Arc::clone(&stop),
        });
        let listening = udp.listen(config.network.clone(), Arc::clone(&stop), {
            let commands = commands.clone();
            move |heard, _| tell(&commands, heard)
        });
        let listening = listening.map_err(StartError::Thread)?;
        let api = Arc::new(Api::new(
            commands.clone(),
            Arc::clone(&config),
            identity.key(),
            seen,
            files.clone(),
            ending_seen.clone(),
        ));
        let serving = server.serve(Arc::clone(&api), ending_seen)?;
        let on_stop = config.on_stop;
        let host = Host::new(HostParts {
            node: Node::new(node_config),
            recorder: Recorder::new(scenario, &clock, trace),
            files: files.clone(),
            fetcher: Fetcher::new(files, FetchSettings::default(), fetches),
            fetched,
            config,
            clock,
            directory,
            store,
            context,
            udp,
            commands: queue,
        });
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

    /// Ends the node: what is being written is finished, peers are told, open calls have two more seconds.
    pub fn stop(mut self) {
        let last = match self.on_stop {
            OnStop::Leave => HostCommand::Leave,
            OnStop::Pause => HostCommand::Stop,
        };
        drop(self.commands.send(last));
        if let Some(host) = self.host.take() {
            // A thread that broke down has ended, too.
            drop(host.join());
        }
        self.ending.send_replace(true);
        self.stop.store(true, Ordering::Relaxed);
        for other in self.others.drain(..) {
            drop(other.join());
        }
    }

    /// The REST interface without a network: calls must say where they come from (`ConnectInfo`).
    pub fn router(&self) -> axum::Router {
        router(Arc::clone(&self.api))
    }

    /// Has the node ended by itself? It never should.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.host.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

/// Who the node in this data folder is, and what it must not forget. Both are made there if there is neither: the store
/// first, so that a key without one is a key that has lost its store.
///
/// # Errors
/// If one of them cannot be used, or the store is gone.
pub fn identify(data: &Path) -> Result<(Store, Identity), StartError> {
    if Identity::is_in(data) && !Store::is_in(data) {
        return Err(StartError::NoStore(Store::path_in(data)));
    }
    let store = Store::open(data)?;
    Ok((store, Identity::open(data)?))
}

/// What is heard goes to the node; if too much waits there, it is as good as lost.
fn tell(commands: &Sender<HostCommand>, heard: Heard) {
    let command = match heard {
        Heard::Announcement(said) => HostCommand::Announcement(said),
        Heard::Dropped(error) => HostCommand::DatagramDropped(error),
    };
    if let Err(TrySendError::Full(_)) = commands.try_send(command) {
        tracing::warn!("an announcement was dropped: too much is waiting");
    }
}

/// Where others find the node.
fn advertised(config: &LiveConfig) -> Result<SocketAddr, StartError> {
    let given = match config.advertise {
        Some(given) if given.port() == 0 => SocketAddr::new(given.ip(), config.http.port()),
        Some(given) => given,
        None if config.http.ip().is_unspecified() => {
            let source = source_address(config.broadcast);
            let ip = source.ok_or(StartError::Nowhere(config.http))?;
            SocketAddr::new(ip, config.http.port())
        }
        None => config.http,
    };
    match given.ip().is_unspecified() {
        true => Err(StartError::Nowhere(given)),
        false => Ok(given),
    }
}

/// Whether a node is announced to other machines under an address that means themselves to them.
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
    fn it_is_seen_that_a_node_has_ended() {
        let folder = tempfile::tempdir().unwrap();
        let process = Process::start(LiveConfig {
            name: "n1".to_owned(),
            network: "lunch".to_owned(),
            data: folder.path().to_owned(),
            files: folder.path().join("files"),
            http: "127.0.0.1:0".parse().unwrap(),
            advertise: None,
            // Nobody hears it.
            broadcast: "127.255.255.255:9".parse().unwrap(),
            is_beacon: false,
            trust: None,
            threshold: Threshold::TwoThirds,
            settings: Arc::new(process_settings()),
            limits: Limits::default(),
            token: None,
            trace: None,
            on_stop: OnStop::Pause,
        })
        .unwrap();
        assert!(!process.has_ended());
        // As if its thread had broken down: it ends, and nobody has asked the process to.
        process.commands.send(HostCommand::Stop).unwrap();
        while !process.has_ended() {
            thread::sleep(Duration::from_millis(5));
        }
        process.stop();
    }

    #[test]
    fn an_address_of_this_machine_is_for_this_machine() {
        let is = |advertise: &str, broadcast: &str| {
            is_unreachable(advertise.parse().unwrap(), broadcast.parse().unwrap())
        };
        assert!(is("127.0.0.1:8001", "192.168.1.255:47700"));
        assert!(is("[::1]:8001", "255.255.255.255:47700"));
        assert!(!is("127.0.0.1:8001", "127.255.255.255:47700"));
        assert!(!is("192.168.1.5:8001", "192.168.1.255:47700"));
    }
}
