//! Address prover: a fixed pool of threads (`qs-prove-N`) that checks whether nodes answer at their announced addresses.
//!
//! One check is one small request with a short timeout, so an announcement cannot direct more traffic at a third party
//! than the announcement itself caused.

use super::command::HostCommand;
use super::http_client::http_client;
use super::peer_client::PeerContext;
use super::wire::{IdentityView, OwnMessages, WireAddressProof};
use crate::node::NodeKey;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::fmt::Write;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Number of threads.
const THREADS: usize = 4;
/// Capacity of the queue. The host starts fewer checks at a time.
const CHECKS_MAX: usize = 64;
/// Timeout of a check.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Longest answer in bytes. It contains up to four messages of this node.
const ANSWER_BYTES_MAX: u64 = 512 << 10;

/// The pool. Its threads end when it is dropped.
pub(super) struct AddressProver {
    checks: Sender<(NodeKey, SocketAddr)>,
}

impl AddressProver {
    /// Starts the threads.
    ///
    /// # Errors
    /// If the operating system starts no further thread.
    pub(super) fn start(context: &Arc<PeerContext>) -> io::Result<AddressProver> {
        let (checks, queue) = bounded(CHECKS_MAX);
        for nth in 0..THREADS {
            let (context, queue) = (Arc::clone(context), queue.clone());
            thread::Builder::new()
                .name(format!("qs-prove-{nth}"))
                .spawn(move || run(&context, &queue))?;
        }
        Ok(AddressProver { checks })
    }

    /// Queues a check. The result arrives as [`HostCommand::AddressChecked`]. Returns false if the queue is full.
    pub(super) fn check(&self, key: NodeKey, http: SocketAddr) -> bool {
        self.checks.try_send((key, http)).is_ok()
    }
}

fn run(context: &PeerContext, queue: &Receiver<(NodeKey, SocketAddr)>) {
    // One agent per check: pooled connections to strangers would only hold sockets.
    for (key, http) in queue {
        let result = check(context, key, http);
        // The host is gone only when the process stops.
        drop(
            context
                .host
                .send(HostCommand::AddressChecked(key, http, result)),
        );
    }
}

/// Asks for a proof, and for what the node remembers of this one.
fn check(context: &PeerContext, key: NodeKey, http: SocketAddr) -> Result<OwnMessages, String> {
    let (nonce, own) = (nonce()?, context.identity.key());
    let agent = http_client()
        .timeout_connect(Some(TIMEOUT))
        .timeout_global(Some(TIMEOUT))
        .build()
        .new_agent();
    let mut response = agent
        .get(format!("http://{http}/identity?nonce={nonce}&asker={own}"))
        .call()
        .map_err(|error| error.to_string())?;
    let body = response
        .body_mut()
        .with_config()
        .limit(ANSWER_BYTES_MAX)
        .read_to_vec()
        .map_err(|error| error.to_string())?;
    let answer: IdentityView = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
    WireAddressProof::verify(&answer.proof, &context.network, key, &nonce)
        .map_err(|error| error.to_string())?;
    Ok(answer.own_messages(&context.network, own))
}

/// 128 random bits in hexadecimal digits.
fn nonce() -> Result<String, String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| error.to_string())?;
    let mut text = String::with_capacity(32);
    for byte in bytes {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}
