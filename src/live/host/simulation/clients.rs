//! Clients: propose notes and files at the hosts, wait for decisions, and ask for the status.

use super::dice::Dice;
use super::machine::{Machine, Process};
use super::observer::Observer;
use crate::live::command::{HostCommand, ProposalOutcome, ProposeError};
use crate::live::status::StatusQuery;
use crate::node::{Content, FileInfo, ProposalId};
use crate::scp::SlotIndex;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

/// A proposal that has no answer yet.
struct Unanswered {
    machine: usize,
    content: Content,
    /// Whether a refusal is an error.
    must_succeed: bool,
    reply: oneshot::Receiver<Result<ProposalId, ProposeError>>,
}

/// A client that waits for a decision.
struct Waiting {
    machine: usize,
    id: ProposalId,
    reply: oneshot::Receiver<ProposalOutcome>,
}

/// All clients.
pub(super) struct Clients {
    dice: Dice,
    proposed: u64,
    unanswered: Vec<Unanswered>,
    waiting: Vec<Waiting>,
}

impl Clients {
    pub(super) fn new(dice: Dice) -> Clients {
        Clients {
            dice,
            proposed: 0,
            unanswered: Vec::new(),
            waiting: Vec::new(),
        }
    }

    /// A command of a client to one of these machines.
    pub(super) fn act(&mut self, machines: &[Machine]) -> (usize, HostCommand) {
        let at = self.dice.below(machines.len());
        let command = match self.dice.below(20) {
            0 => HostCommand::Status(
                StatusQuery {
                    from_slot: None,
                    limit: 10,
                    bytes: 1 << 20,
                },
                oneshot::channel().0,
            ),
            1 => HostCommand::Metrics(oneshot::channel().0),
            2 => HostCommand::Health(oneshot::channel().0),
            // The files of machine 0 get lost, so no file is there only.
            3..=5 if at > 0 => self.propose(at, |nth| {
                let file = file(nth);
                machines[at].files.add(&file.sha256);
                Content::File(file)
            }),
            _ => self.propose_note(at),
        };
        (at, command)
    }

    fn propose_note(&mut self, machine: usize) -> HostCommand {
        self.propose(machine, |nth| Content::Note(format!("note {nth}")))
    }

    fn propose(&mut self, machine: usize, content: impl FnOnce(u64) -> Content) -> HostCommand {
        self.proposed += 1;
        let content = content(self.proposed);
        let (reply, answer) = oneshot::channel();
        self.unanswered.push(Unanswered {
            machine,
            content: content.clone(),
            must_succeed: false,
            reply: answer,
        });
        HostCommand::Propose(content, reply)
    }

    /// A note that the host has to accept.
    pub(super) fn propose_last(&mut self, machine: usize) -> HostCommand {
        let command = self.propose_note(machine);
        if let Some(last) = self.unanswered.last_mut() {
            last.must_succeed = true;
        }
        command
    }

    /// Whether all notes that have to be accepted have been accepted.
    pub(super) fn has_unanswered_last(&self) -> bool {
        self.unanswered.iter().any(|one| one.must_succeed)
    }

    /// Takes the replies of a host.
    ///
    /// # Errors
    /// If a reply is not consistent with what the observer has seen.
    pub(super) fn collect(
        &mut self,
        at: usize,
        process: &Process,
        observer: &mut Observer,
    ) -> Result<(), String> {
        let (mut answers, mut decisions) = (Vec::new(), Vec::new());
        self.unanswered.retain_mut(|one| {
            let received = match one.machine == at {
                true => one.reply.try_recv(),
                false => return true,
            };
            match received {
                Ok(answer) => answers.push((one.content.clone(), one.must_succeed, answer)),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Closed) => {}
            }
            false
        });
        self.waiting.retain_mut(|one| {
            let received = match one.machine == at {
                true => one.reply.try_recv(),
                false => return true,
            };
            match received {
                Ok(outcome) => decisions.push((one.id, outcome)),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Closed) => {}
            }
            false
        });
        for (content, must_succeed, answer) in answers {
            match answer {
                Ok(id) => {
                    observer.acknowledged(id, content)?;
                    self.wait(at, id, process);
                }
                Err(why) if must_succeed => {
                    return Err(format!("machine {at} refuses a note: {why}"));
                }
                Err(_) => {}
            }
        }
        for (id, outcome) in decisions {
            check_outcome(at, id, &outcome, observer)?;
        }
        Ok(())
    }

    /// Waits for the decision of some proposals.
    fn wait(&mut self, machine: usize, id: ProposalId, process: &Process) {
        if self.dice.chance(500) {
            let (reply, outcome) = oneshot::channel();
            process
                .commands
                .send(HostCommand::AwaitDecision(id, reply))
                .unwrap();
            self.waiting.push(Waiting {
                machine,
                id,
                reply: outcome,
            });
        }
    }
}

fn check_outcome(
    machine: usize,
    id: ProposalId,
    outcome: &ProposalOutcome,
    observer: &Observer,
) -> Result<(), String> {
    match outcome {
        ProposalOutcome::Decided(SlotIndex(slot)) => {
            observer.reported_decision(id, SlotIndex(*slot))
        }
        ProposalOutcome::Expired => Err(format!("{id:?} expires at machine {machine}")),
    }
}

fn file(nth: u64) -> FileInfo {
    FileInfo {
        name: format!("{nth}.jpg"),
        size_bytes: 1000 + nth,
        sha256: format!("{nth:064x}"),
    }
}
