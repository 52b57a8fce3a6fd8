//! The executor that runs all nodes on the caller's thread, one after the other.

use super::executor::{Executor, Job, Report, SimError};
use super::host::Host;
use super::participant::Birth;
use crate::node::NodeConfig;
use crate::scp::NodeId;
use std::sync::Arc;

/// All hosts by node.
pub(super) struct Inline {
    birth: Birth,
    hosts: Vec<Option<Host>>,
}

impl Inline {
    pub(super) fn new(birth: Birth) -> Inline {
        let hosts = Vec::new();
        Inline { birth, hosts }
    }
}

impl Executor for Inline {
    fn start(&mut self, node: NodeId, config: &Arc<NodeConfig>) -> Result<(), SimError> {
        if self.hosts.len() <= node.index() {
            self.hosts.resize_with(node.index() + 1, || None);
        }
        self.hosts[node.index()] = Some(Host::new(node, config, self.birth));
        Ok(())
    }

    fn stop(&mut self, node: NodeId) {
        if let Some(host) = self.hosts.get_mut(node.index()) {
            *host = None;
        }
    }

    fn run(&mut self, jobs: Vec<Job>) -> Vec<Report> {
        let host_of = |job: Job| {
            let host = self.hosts.get_mut(job.node.index())?.as_mut()?;
            Some(host.work(job))
        };
        jobs.into_iter().filter_map(host_of).collect()
    }
}
