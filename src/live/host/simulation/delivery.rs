//! Turns of the hosts, and the datagrams and fetches between them.

use super::machine::Process;
use super::network::Outbound;
use super::world::{Event, World};
use crate::live::command::HostCommand;
use crate::live::fetch::{FetchEnd, FetchEvent};
use crate::live::file_store::HeldFiles;
use crate::live::peer_client::PeerRequest;
use crate::live::wire::{Datagram, Signed};
use crate::node::{FetchError, FileInfo};
use crate::time::Span;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::oneshot;

impl World {
    /// Starts the process of a machine.
    pub(super) fn start(&mut self, at: usize) -> Result<(), String> {
        let machine = &mut self.machines[at];
        if machine.process.is_some() {
            return Ok(());
        }
        machine
            .start()
            .map_err(|why| format!("machine {at} does not start: {why}"))?;
        let key = machine.identity.key();
        if let Some(process) = &machine.process {
            self.observer.started(at, key, &process.host)?;
        }
        self.flush_later(at, 0)
    }

    /// Runs the turn of a machine that is due now.
    pub(super) fn turn(&mut self, at: usize) -> Result<(), String> {
        let machine = &mut self.machines[at];
        let is_due = machine.turn_at == Some(self.now);
        let Some(process) = machine.process.as_mut().filter(|_| is_due) else {
            return Ok(());
        };
        if machine.paused_until > self.now {
            machine.turn_at = Some(machine.paused_until);
            let pause = machine.paused_until.since(self.now);
            self.after(pause, Event::Turn(at));
            return Ok(());
        }
        machine.turn_at = None;
        let written_bytes = machine.disk.written_bytes();
        process.turn();
        self.flush_later(at, written_bytes)
    }

    /// After a turn: what the host has sent leaves the machine when the commit is over.
    fn flush_later(&mut self, at: usize, written_bytes: u64) -> Result<(), String> {
        let machine = &mut self.machines[at];
        if machine.crashes_with_disk && machine.disk.is_failing() {
            self.crash(at);
            return Ok(());
        }
        let Some(process) = &machine.process else {
            return Ok(());
        };
        self.observer.after_turn(at, &process.host)?;
        let is_idle = machine.disk.written_bytes() == written_bytes;
        let commit = match is_idle {
            true => Span::ZERO,
            false => self.dice.span_ms(1, 3 + self.commit_max_ms[at]),
        };
        let machine = &mut self.machines[at];
        machine.busy_until = self.now + commit;
        let generation = machine.generation;
        self.after(commit, Event::Flush(at, generation));
        Ok(())
    }

    /// Hands over what a host has sent, and schedules its next turn.
    pub(super) fn flush(&mut self, at: usize, generation: u64) -> Result<(), String> {
        let machine = &self.machines[at];
        let Some(process) = machine
            .process
            .as_ref()
            .filter(|_| machine.generation == generation)
        else {
            return Ok(());
        };
        if machine.paused_until > self.now {
            let pause = machine.paused_until.since(self.now);
            self.after(pause, Event::Flush(at, generation));
            return Ok(());
        }
        for one in process.take_outbound() {
            match one {
                Outbound::Request(node, http, request) => {
                    self.observe(&request)?;
                    self.enqueue(at, node, http, request);
                }
                Outbound::Disconnect(node) => {
                    if let Some(process) = self.process(at) {
                        process.queues.remove(&node);
                    }
                }
                Outbound::Datagram(packet) => {
                    let source = self.machines[at].config.http.ip();
                    self.broadcast(at, source, &packet);
                }
                Outbound::Prove(key, http) => self.prove(at, key, http),
                Outbound::Fetch(file, holders) => {
                    let span = self.dice.span_ms(20, 3_000);
                    self.after(span, Event::FetchEnds(at, generation, file, holders));
                }
            }
        }
        self.call_idle(at);
        self.collect_replies(at);
        let machine = &mut self.machines[at];
        if let Some(process) = &mut machine.process {
            self.clients.collect(at, process, &mut self.observer)?;
            let idle_time = process.idle_time();
            self.wake(at, idle_time);
        }
        Ok(())
    }

    pub(super) fn process(&mut self, at: usize) -> Option<&mut Process> {
        self.machines.get_mut(at)?.process.as_mut()
    }

    /// Sends a command to the host of a machine.
    pub(super) fn command(&mut self, at: usize, command: HostCommand) {
        if let Some(process) = self.process(at) {
            process.commands.send(command).unwrap();
            self.wake(at, Span(200));
        }
    }

    fn observe(&mut self, request: &PeerRequest) -> Result<(), String> {
        let (PeerRequest::Deliver(_, signed, _) | PeerRequest::QueryPeers(signed, _)) = request
        else {
            return Ok(());
        };
        let Some(verified) = self.verify(signed) else {
            return Err("a host sends a message with an invalid signature".to_owned());
        };
        if let Some(byzantine) = &mut self.byzantine {
            byzantine.observe(&verified.message);
        }
        self.observer.sent(&verified)
    }

    /// Sends a datagram to all machines, the sender included. Some copies are lost, some arrive twice.
    pub(super) fn broadcast(&mut self, from: usize, source: IpAddr, packet: &[u8]) {
        let packet: Arc<[u8]> = packet.into();
        for to in 0..self.machines.len() {
            let copies = if self.dice.chance(50) { 2 } else { 1 };
            for _ in 0..copies {
                if let Some(transit) = self.links.transit(from, to) {
                    self.after(transit, Event::Datagram(to, source, Arc::clone(&packet)));
                }
            }
        }
    }

    pub(super) fn datagram_arrives(&mut self, at: usize, source: IpAddr, packet: &[u8]) {
        let network = &self.machines[at].config.network;
        let command = match Datagram::read(packet, network) {
            Ok(announcement) => HostCommand::Announcement(Box::new(announcement), source),
            Err(error) => HostCommand::DatagramDropped(error),
        };
        self.command(at, command);
    }

    /// Messages of a Byzantine node arrive.
    pub(super) fn messages_arrive(&mut self, at: usize, messages: &[Signed]) {
        let messages = messages
            .iter()
            .filter_map(|signed| self.verify(signed))
            .collect();
        let (reply, _) = oneshot::channel();
        self.command(at, HostCommand::Messages(messages, reply));
    }

    /// A fetch ends: with the first holder that has the file and is reachable, or without one.
    pub(super) fn fetch_ends(
        &mut self,
        at: usize,
        generation: u64,
        file: &FileInfo,
        holders: &[String],
    ) {
        if self.machines[at].generation != generation {
            return;
        }
        let mut result = Err(FetchError::Unreachable);
        for (nth, base) in holders.iter().enumerate() {
            let http = base
                .strip_prefix("http://")
                .and_then(|http| http.parse().ok());
            let Some(holder) = http.and_then(|http| self.machine_at(http)) else {
                continue;
            };
            let is_serving =
                self.process(holder).is_some() && self.links.transit(holder, at).is_some();
            if is_serving && !self.fetches_fail && self.machines[holder].files.is_held(&file.sha256)
            {
                self.machines[at].files.add(&file.sha256);
                result = Ok(nth);
                break;
            }
        }
        let end = FetchEnd {
            sha256: file.sha256.clone(),
            result,
            errors: Vec::new(),
        };
        if let Some(process) = self.process(at) {
            process.fetch_ended(FetchEvent::End(end));
            self.wake(at, Span(200));
        }
    }
}
