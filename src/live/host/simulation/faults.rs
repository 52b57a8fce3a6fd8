//! Faults of machines, disks, clocks and links, and Byzantine nodes and strangers.

use super::setup::{Fault, FaultyNode};
use super::world::{Event, Repair, World};
use crate::live::identity::Identity;
use crate::live::wire::{Datagram, VERSION, WireAnnouncement};
use crate::node::AnnouncementKind;
use crate::time::Span;
use std::net::{IpAddr, SocketAddr};

/// Invented keys per flood of announcements.
const FLOOD: usize = 60;
/// The largest error of a system clock, in seconds.
const CLOCK_ERROR_S: u64 = 7_200;

impl World {
    /// Ends the process of a machine. It starts again after a while.
    pub(super) fn crash(&mut self, at: usize) {
        let is_power_failure = self.dice.chance(500);
        let machine = &mut self.machines[at];
        if machine.process.is_none() {
            return;
        }
        machine.crash(is_power_failure, &mut self.dice);
        let generation = machine.generation;
        self.observer.report.crashes += 1;
        let down = self.dice.span_ms(50, 12_000);
        self.after(down, Event::Start(at, generation));
    }

    /// Causes one of the faults of this run, and schedules its end.
    pub(super) fn fault(&mut self) -> Result<(), String> {
        let Some(fault) = self.dice.pick(&self.setup.faults).copied() else {
            return Ok(());
        };
        self.observer.report.faults += 1;
        let at = self.dice.below(self.setup.hosts());
        let lasts = self.dice.span_ms(500, 12_000);
        let is_running = self.machines[at].process.is_some();
        match fault {
            Fault::Crash => self.crash(at),
            Fault::CrashInCommit | Fault::DiskFull if !is_running => {}
            Fault::CrashInCommit => {
                let writes = self.dice.below(40);
                let machine = &mut self.machines[at];
                machine.crashes_with_disk = true;
                machine.disk.fail_after(u32::try_from(writes).ok());
            }
            Fault::DiskFull => {
                let writes = self.dice.below(40);
                self.machines[at]
                    .disk
                    .fail_after(u32::try_from(writes).ok());
                self.after(lasts, Event::Repair(Repair::Disk(at)));
            }
            Fault::SlowDisk => {
                self.commit_max_ms[at] = self.dice.below(2_000) as u64;
                self.after(lasts, Event::Repair(Repair::Speed(at)));
            }
            Fault::Pause => self.machines[at].paused_until = self.now + lasts,
            Fault::Move => {
                self.crash(at);
                let (network, host) = (self.dice.below(200), self.machines.len() + at);
                let address = [10, 2, network as u8, host as u8];
                self.machines[at].set_address(SocketAddr::from((address, 8000)));
            }
            Fault::Partition => {
                self.links.divide(&mut self.dice);
                self.after(lasts, Event::Repair(Repair::Partition));
            }
            Fault::Loss => {
                self.links.loss_per_mille = self.dice.below(500) as u32;
                self.after(lasts, Event::Repair(Repair::Loss));
            }
            Fault::Latency => {
                self.links.latency_max_ms = self.dice.below(3_000) as u64;
                self.after(lasts, Event::Repair(Repair::Latency));
            }
            Fault::Clock => {
                let error_us = self.dice.span_ms(1, CLOCK_ERROR_S * 1000).0;
                let error_us = i64::try_from(error_us).unwrap();
                let is_ahead = self.dice.chance(500);
                self.machines[at].set_clock(if is_ahead { error_us } else { -error_us });
                self.after(lasts, Event::Repair(Repair::Clock(at)));
            }
            Fault::FilesLost => {
                self.crash(0);
                self.machines[0].files.clear();
            }
            Fault::FetchesFail => {
                self.fetches_fail = true;
                self.after(lasts, Event::Repair(Repair::Fetches));
            }
            Fault::Flood => self.flood(),
            Fault::Faulty => return self.faulty_node(),
        }
        Ok(())
    }

    /// Strangers announce themselves.
    fn flood(&mut self) {
        for _ in 0..FLOOD {
            let identity = Identity::new(self.dice.key());
            let host = [10, 1, self.dice.below(256) as u8, 1];
            let kinds = [
                AnnouncementKind::Beacon,
                AnnouncementKind::Here,
                AnnouncementKind::Leaving,
            ];
            let announcement = WireAnnouncement {
                version: VERSION,
                network: self.machines[0].config.network.clone(),
                key: identity.key(),
                name: "stranger".to_owned(),
                http: SocketAddr::from((host, 8000)),
                kind: kinds[self.dice.below(kinds.len())],
                nth: 1,
                epoch: 1,
                messages: 256,
                mark_us: self.unix_us(),
            };
            let announcement = announcement.sign(&identity).unwrap();
            let packet = Datagram { announcement }.write().unwrap();
            self.broadcast(self.machines.len(), IpAddr::from(host), &packet);
        }
    }

    /// The node that is not correct does something. A Byzantine node acts by events of its own.
    fn faulty_node(&mut self) -> Result<(), String> {
        let at = self.setup.hosts() - 1;
        let key = self.machines[at].identity.key();
        match (self.setup.faulty, self.old_disk.take()) {
            (FaultyNode::None | FaultyNode::Byzantine, _) => {}
            (FaultyNode::RolledBack, None) if self.is_faulty_node_used => {}
            (FaultyNode::RolledBack, None) => self.old_disk = Some(self.machines[at].disk.copy()),
            (FaultyNode::RolledBack, Some(old)) => {
                self.is_faulty_node_used = true;
                self.observer.set_faulty(key);
                self.crash(at);
                self.machines[at].disk = old;
            }
            (FaultyNode::DuplicateKey, _) if !self.is_faulty_node_used => {
                self.is_faulty_node_used = true;
                self.observer.set_faulty(key);
                self.machines[at + 1].disk = self.machines[at].disk.copy();
                return self.start(at + 1);
            }
            (FaultyNode::DuplicateKey, _) => {}
        }
        Ok(())
    }

    /// The Byzantine node announces itself, or sends messages to a host.
    pub(super) fn byzantine_acts(&mut self) {
        let unix_us = self.unix_us();
        let network = self.machines[0].config.network.clone();
        let (at, from) = (self.dice.below(self.machines.len()), self.machines.len());
        let to = self.machines[at].identity.key();
        let Some(byzantine) = &mut self.byzantine else {
            return;
        };
        if self.dice.chance(100) {
            let packet = byzantine.announcement(&network, unix_us);
            let source = IpAddr::from([10, 0, 0, 254]);
            return self.broadcast(from, source, &packet);
        }
        let messages = byzantine.messages(&network, to);
        if let Some(transit) = self
            .links
            .transit(from, at)
            .filter(|_| !messages.is_empty())
        {
            self.after(transit, Event::Messages(at, messages));
        }
    }

    pub(super) fn repair(&mut self, repair: Repair) {
        match repair {
            Repair::Partition => self.links.unite(),
            Repair::Loss => self.links.loss_per_mille = 0,
            Repair::Latency => self.links.latency_max_ms = 20,
            Repair::Disk(at) => self.machines[at].disk.fail_after(None),
            Repair::Speed(at) => self.commit_max_ms[at] = 0,
            Repair::Clock(at) => self.machines[at].set_clock(0),
            Repair::Fetches => self.fetches_fail = false,
        }
    }

    /// Ends all faults, and starts all nodes that are down. A second process with the same key ends.
    pub(super) fn end_faults(&mut self) -> Result<(), String> {
        self.links.repair();
        self.fetches_fail = false;
        self.commit_max_ms.fill(0);
        self.byzantine = None;
        for at in self.setup.hosts()..self.machines.len() {
            if self.machines[at].process.is_some() {
                self.machines[at].crash(false, &mut self.dice);
            }
        }
        for at in 0..self.setup.hosts() {
            let machine = &mut self.machines[at];
            machine.crashes_with_disk = false;
            machine.set_clock(0);
            machine.disk.fail_after(None);
            self.start(at)?;
            // A node accepts no proposals for 30 seconds after it has seen another process with its key.
            let span = Span::from_ms(40_000);
            let last = Event::LastProposal(at);
            self.after(span, last);
        }
        Ok(())
    }
}
