//! Story tests: readable transcripts in `tests/transcripts/stories`, in the style of the `testdata` of etcd raft.
//!
//! A file is a sequence of blocks: commands, a line `----`, and the lines that the commands print, up to an empty line.
//! Lines that begin with `#` are comments. `REWRITE=1 cargo test --test it stories` updates the printed lines in the
//! files. Commands:
//!
//! ```text
//! scenario                    starts a run; the scenario file follows, up to the line `----`
//! show TOPIC ...              prints events of these topics: discovery proposals nomination ballots decisions backup faults
//! run MS                      runs up to this instant, in milliseconds
//! propose NODE TEXT           proposes a note or a value; `file NAME` proposes a file of the scenario
//! crash|restart|silence|unsilence|leave NODE
//! partition A B | C D         lets messages pass only within each group
//! heal                        ends the partition
//! status                      prints each node: state, phase, and its log
//! ```

use super::runs::scenario;
use quorumscope::node::view::Phase;
use quorumscope::node::{Application, BackupAnswer, Content, NodeEvent, Output, SlotStart};
use quorumscope::run::Session;
use quorumscope::scenario::{Action, Scenario};
use quorumscope::scp::{
    Ballot, BallotReason, Evidence, NodeId, ScpEvent, Value, VoteReason, VotingRule,
};
use quorumscope::sim::{ExecutorKind, Simulation};
use quorumscope::text;
use quorumscope::time::Time;
use quorumscope::trace::{NodeStatus, Record, World, WorldNode};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{env, fs};

/// Topics of events, as `show` names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum EventTopic {
    Discovery,
    Proposals,
    Nomination,
    Ballots,
    Decisions,
    Backup,
    Faults,
}

impl EventTopic {
    fn parse(word: &str) -> EventTopic {
        match word {
            "discovery" => EventTopic::Discovery,
            "proposals" => EventTopic::Proposals,
            "nomination" => EventTopic::Nomination,
            "ballots" => EventTopic::Ballots,
            "decisions" => EventTopic::Decisions,
            "backup" => EventTopic::Backup,
            "faults" => EventTopic::Faults,
            other => panic!("unknown topic {other}"),
        }
    }
}

/// A run that a transcript controls.
struct Story {
    simulation: Simulation,
    world: World,
    topics: BTreeSet<EventTopic>,
}

impl Story {
    fn new(scenario: Scenario) -> Story {
        let scenario = Arc::new(scenario);
        let simulation = Simulation::new(Arc::clone(&scenario), ExecutorKind::Inline).unwrap();
        let mut story = Story {
            simulation,
            world: World::new(scenario),
            topics: BTreeSet::new(),
        };
        story.take_events();
        story
    }

    /// Carries out a command. Returns the lines that it prints.
    fn execute(&mut self, line: &str) -> Vec<String> {
        let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
        let node = || self.node(rest);
        let action = match command {
            "show" => {
                self.topics = rest.split_whitespace().map(EventTopic::parse).collect();
                return Vec::new();
            }
            "status" => return self.status(),
            "run" => {
                let until = Time::from_ms(rest.parse().unwrap());
                self.simulation.advance(until, usize::MAX);
                let lines = self.take_events();
                self.world.advance_to(until);
                return lines;
            }
            "propose" => {
                let (name, text) = rest.split_once(' ').unwrap();
                let node = self.node(name);
                Action::Propose {
                    node,
                    content: self.content(text),
                }
            }
            "crash" => Action::Crash { node: node() },
            "restart" => Action::Restart { node: node() },
            "silence" => Action::Silence { node: node() },
            "unsilence" => Action::Unsilence { node: node() },
            "leave" => Action::Leave { node: node() },
            "partition" => {
                let group =
                    |names: &str| names.split_whitespace().map(|it| self.node(it)).collect();
                Action::Partition {
                    groups: rest.split('|').map(group).collect(),
                }
            }
            "heal" => Action::Heal,
            other => panic!("unknown command {other}"),
        };
        let refused = self.simulation.act(action).err();
        let mut lines = self.take_events();
        lines.extend(
            refused.map(|why| format!("refused: {}", text::refused_action(&self.world, &why))),
        );
        lines
    }

    fn node(&self, name: &str) -> NodeId {
        let nodes = self.world.nodes.iter();
        let index = nodes
            .map(|node| &*node.config.peer.name)
            .position(|it| it == name.trim());
        NodeId(index.unwrap_or_else(|| panic!("no node {name}")) as u32)
    }

    fn content(&self, text: &str) -> Content {
        let held = self
            .world
            .nodes
            .iter()
            .flat_map(|node| &node.config.held_files);
        match text.strip_prefix("file ") {
            Some(name) => {
                let file = held.clone().find(|file| file.name == name);
                Content::File(file.unwrap_or_else(|| panic!("no file {name}")).clone())
            }
            None => match self.world.scenario.settings.application {
                Application::Log => Content::Note(text.into()),
                Application::Choice => Content::Choice(text.into()),
            },
        }
    }

    /// Folds the new records into the world. Returns the lines of the events that are shown.
    fn take_events(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        for record in self.simulation.take_records() {
            self.world.apply(&record);
            match &record {
                Record::Acted { at, action } if self.topics.contains(&EventTopic::Faults) => {
                    lines.extend(self.fault(action).map(|text| stamped(*at, &text)));
                }
                Record::Stepped {
                    at, node, outputs, ..
                } => {
                    for output in outputs {
                        let Output::Event(event) = output else {
                            continue;
                        };
                        if let Some((topic, text)) = self.sentence(*node, event)
                            && self.topics.contains(&topic)
                        {
                            lines.push(stamped(*at, &format!("{} {text}", self.name(*node))));
                        }
                    }
                }
                _ => {}
            }
        }
        lines
    }

    fn fault(&self, action: &Action) -> Option<String> {
        Some(match action {
            Action::Crash { node } => format!("{} crashes", self.name(*node)),
            Action::Restart { node } => format!("{} restarts", self.name(*node)),
            Action::Silence { node } => format!("{} is silenced", self.name(*node)),
            Action::Unsilence { node } => format!("{} is no longer silenced", self.name(*node)),
            Action::Partition { groups } => {
                let groups: Vec<String> = groups.iter().map(|group| self.names(group)).collect();
                format!("the network is partitioned: {}", groups.join(" | "))
            }
            Action::Heal => "the partition is healed".to_owned(),
            _ => return None,
        })
    }

    /// The topic of an event, and a sentence without subject about what the node does.
    fn sentence(&self, node: NodeId, event: &NodeEvent) -> Option<(EventTopic, String)> {
        let content = |it: &Content| match it {
            Content::Note(text) => format!("{text:?}"),
            Content::File(file) => format!("file {:?}", file.name),
            Content::Choice(value) => format!("{:?}", value.to_string()),
        };
        Some(match event {
            NodeEvent::Discovered { peer, .. } => {
                (EventTopic::Discovery, format!("discovers {}", peer.name))
            }
            NodeEvent::QuorumSetChanged { quorum_set, .. } => {
                let members: Vec<NodeId> = quorum_set.nodes().iter().collect();
                let text = format!(
                    "trusts {} of {}",
                    quorum_set.threshold,
                    self.names(&members)
                );
                (EventTopic::Discovery, text)
            }
            NodeEvent::Ready { known } => {
                let text = format!("is ready to vote: it knows {known} nodes");
                (EventTopic::Discovery, text)
            }
            NodeEvent::CatchingUp { from_slot } => {
                let text = format!("asks for the log from slot {} on", from_slot.0);
                (EventTopic::Decisions, text)
            }
            NodeEvent::PeerLeft { node } => (
                EventTopic::Faults,
                format!("learns that {} has left", self.name(*node)),
            ),
            NodeEvent::Left => (EventTopic::Faults, "leaves".to_owned()),
            NodeEvent::ProposalPooled {
                proposal,
                certified_by,
            } => {
                let from = match *certified_by == node {
                    true => String::new(),
                    false => format!(", certified by {}", self.name(*certified_by)),
                };
                let text = format!("pools {}{from}", content(&proposal.content));
                (EventTopic::Proposals, text)
            }
            NodeEvent::ProposalRefused { .. } => {
                let sentence = text::sentence(&self.world, node, event)?;
                let text = sentence.strip_prefix(&*self.name(node))?.trim_start();
                (EventTopic::Proposals, text.to_owned())
            }
            NodeEvent::ProposalExpired { voted, missing, .. } => {
                let text = format!(
                    "drops an expired proposal; voted: {}; did not vote: {}",
                    self.names(voted),
                    self.names(missing)
                );
                (EventTopic::Proposals, text)
            }
            NodeEvent::SlotStarted { slot, start } => {
                let why = match start {
                    SlotStart::Own => "to nominate",
                    SlotStart::Echo => "to echo",
                };
                (
                    EventTopic::Nomination,
                    format!("starts slot {} {why}", slot.0),
                )
            }
            NodeEvent::Recorded {
                slot,
                value,
                proposals,
            } => {
                let contents: Vec<String> =
                    proposals.iter().map(|it| content(&it.content)).collect();
                let what = match contents.is_empty() {
                    true => label(value),
                    false => contents.join(", "),
                };
                (
                    EventTopic::Decisions,
                    format!("externalizes slot {}: {what}", slot.0),
                )
            }
            NodeEvent::BackupAnswered { file, answer, .. } => {
                let text = match answer {
                    BackupAnswer::Yes => format!("votes to back up {:?}", file.name),
                    BackupAnswer::NoHasIt => {
                        format!("does not vote for {:?}: it has the file", file.name)
                    }
                    BackupAnswer::DecidedBeforeVote => {
                        format!("could not vote on {:?} before it was decided", file.name)
                    }
                };
                (EventTopic::Backup, text)
            }
            NodeEvent::BackedUp { file, from } => {
                let text = format!("has backed up {:?} from {}", file.name, self.name(*from));
                (EventTopic::Backup, text)
            }
            NodeEvent::BackupFailed { file, .. } => {
                let text = format!("could not fetch {:?}; retries", file.name);
                (EventTopic::Backup, text)
            }
            NodeEvent::Scp(event) => return self.scp_sentence(event),
            _ => return None,
        })
    }

    fn scp_sentence(&self, event: &ScpEvent) -> Option<(EventTopic, String)> {
        let nomination = |text: String| Some((EventTopic::Nomination, text));
        let ballots = |text: String| Some((EventTopic::Ballots, text));
        match event {
            ScpEvent::RoundStarted { round, leaders, .. } => nomination(format!(
                "starts nomination round {round}; leaders: {}",
                self.names(leaders)
            )),
            ScpEvent::VotedNominate { value, reason, .. } => {
                let why = match reason {
                    VoteReason::OwnProposal => "its own proposal".to_owned(),
                    VoteReason::Echo(leader) => format!("an echo of {}", self.name(*leader)),
                    VoteReason::Extracted => "extracted from an invalid value".to_owned(),
                };
                nomination(format!("votes to nominate {}: {why}", label(value)))
            }
            ScpEvent::AcceptedNominated {
                value, evidence, ..
            } => nomination(format!(
                "accepts {} as nominated: {}",
                label(value),
                self.accept_rule(evidence)
            )),
            ScpEvent::ConfirmedNominated {
                value, evidence, ..
            } => nomination(format!(
                "confirms {} as a candidate: quorum {} accepted it",
                label(value),
                self.names(&evidence.witness)
            )),
            ScpEvent::Composite { value, .. } => {
                nomination(format!("combines its candidates into {}", label(value)))
            }
            ScpEvent::BallotChanged { to, reason, .. } => {
                let why = match reason {
                    BallotReason::Candidate => "nomination produced a value".to_owned(),
                    BallotReason::Timeout => "its ballot timer expired".to_owned(),
                    BallotReason::CatchUp(evidence) => {
                        format!("{} are at higher counters", self.names(&evidence.witness))
                    }
                    BallotReason::ConfirmedPrepared => "a higher ballot is prepared".to_owned(),
                    BallotReason::AcceptedCommit => "it accepted a commit".to_owned(),
                };
                ballots(format!("votes to prepare {}: {why}", ballot(to)))
            }
            ScpEvent::AcceptedPrepared {
                ballot: b,
                evidence,
                ..
            } => ballots(format!(
                "accepts {} as prepared: {}",
                ballot(b),
                self.accept_rule(evidence)
            )),
            ScpEvent::ConfirmedPrepared { h, c, evidence, .. } => {
                let commit = match c {
                    Some(c) => format!(" and votes to commit from {} on", ballot(c)),
                    None => String::new(),
                };
                ballots(format!(
                    "confirms {} as prepared{commit}: quorum {} accepted it",
                    ballot(h),
                    self.names(&evidence.witness)
                ))
            }
            ScpEvent::AcceptedCommit {
                value,
                n_c,
                n_h,
                evidence,
                ..
            } => ballots(format!(
                "accepts commit of {} at {}..{}: {}",
                label(value),
                n_c,
                n_h,
                self.accept_rule(evidence)
            )),
            ScpEvent::ConfirmedCommit {
                value,
                n_c,
                n_h,
                evidence,
                ..
            } => ballots(format!(
                "confirms commit of {} at {}..{}: quorum {} accepted it",
                label(value),
                n_c,
                n_h,
                self.names(&evidence.witness)
            )),
            ScpEvent::CommitVoteWithdrawn { c, .. } => {
                ballots(format!("withdraws its vote to commit {}", ballot(c)))
            }
            ScpEvent::HeardFromQuorum { n, evidence, .. } => ballots(format!(
                "has heard from quorum {} at counter {}",
                self.names(&evidence.witness),
                n
            )),
            ScpEvent::NotFullyValidated { .. } => ballots("cannot validate a value".to_owned()),
            ScpEvent::Refused { .. } => None,
        }
    }

    fn accept_rule(&self, evidence: &Evidence) -> String {
        let witness = self.names(&evidence.witness);
        match evidence.rule {
            VotingRule::Quorum => format!("quorum {witness} voted for it"),
            VotingRule::VBlocking => format!("v-blocking set {witness} accepted it"),
        }
    }

    fn name(&self, node: NodeId) -> Arc<str> {
        self.world.name(node)
    }

    fn names(&self, nodes: &[NodeId]) -> String {
        let names: Vec<String> = nodes
            .iter()
            .map(|node| self.name(*node).to_string())
            .collect();
        names.join(" ")
    }

    fn status(&self) -> Vec<String> {
        let line = |node: &WorldNode| {
            let state = match node.status {
                NodeStatus::Running => "running",
                NodeStatus::Silent => "silent",
                NodeStatus::Crashed => "crashed",
                NodeStatus::Left => "left",
                NodeStatus::Referenced => "referenced",
            };
            let phase = match node.view.phase() {
                Phase::Idle => "idle",
                Phase::Nominate => "nominate",
                Phase::Accept => "accept",
                Phase::Confirm => "confirm",
                Phase::Externalized => "externalized",
            };
            let log: Vec<String> = node
                .view
                .log
                .iter()
                .map(|entry| format!("{}: {}", entry.slot.0, label(&entry.value)))
                .collect();
            let line = format!(
                "{} {state}, {phase}; log {}",
                node.config.peer.name,
                log.join("; ")
            );
            line.trim_end().to_owned()
        };
        self.world.nodes.iter().map(line).collect()
    }
}

fn stamped(at: Time, text: &str) -> String {
    format!("{:>8} ms  {text}", at.0 / 1_000)
}

fn ballot(ballot: &Ballot) -> String {
    format!("({}, {})", ballot.n, label(&ballot.x))
}

/// A value in quotes; for the application `log`, the notes and file names in it.
fn label(value: &Value) -> String {
    let text = value.to_string();
    let Ok(proposals) = serde_json::from_str::<Vec<serde_json::Value>>(&text) else {
        return format!("{text:?}");
    };
    let content = |proposal: &serde_json::Value| {
        let content = &proposal["content"];
        let name = content["note"]
            .as_str()
            .or(content["file"]["name"].as_str());
        format!("{:?}", name.unwrap_or("?"))
    };
    let contents: Vec<String> = proposals.iter().map(content).collect();
    contents.join(", ")
}

/// Replays a transcript. Returns it with the current output of the commands.
fn replayed(name: &str, text: &str) -> String {
    let mut story: Option<Story> = None;
    let mut out = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        out += line;
        out.push('\n');
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut commands = vec![line];
        for line in lines.by_ref() {
            out += line;
            out.push('\n');
            if line == "----" {
                break;
            }
            commands.push(line);
        }
        while lines.next_if(|line| !line.is_empty()).is_some() {}
        let printed = if commands[0] == "scenario" {
            let started = Story::new(scenario(name, 1, None, &commands[1..].join("\n")));
            let count = started.world.nodes.len();
            story = Some(started);
            vec![format!("{count} nodes")]
        } else {
            let story = story.as_mut().expect("the first block is `scenario`");
            commands.iter().flat_map(|it| story.execute(it)).collect()
        };
        let printed = match printed.is_empty() {
            true => vec!["ok".to_owned()],
            false => printed,
        };
        for line in printed {
            out += &line;
            out.push('\n');
        }
    }
    out
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts/stories")
}

#[test]
fn stories_print_the_recorded_lines() {
    let mut count = 0;
    let mut wrong = Vec::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let expected = fs::read_to_string(&path).unwrap();
        let actual = replayed(&name, &expected);
        count += 1;
        if env::var_os("REWRITE").is_some() {
            fs::write(&path, &actual).unwrap();
        } else if actual != expected {
            let mut lines = expected.lines().zip(actual.lines()).enumerate();
            let first = lines.find(|(_, (expected, actual))| expected != actual);
            let (at, (expected, actual)) = first.unwrap_or((expected.lines().count(), ("", "")));
            wrong.push(format!(
                "{name}, line {}:\n  expected {expected}\n  printed  {actual}",
                at + 1
            ));
        }
    }
    assert!(count >= 10, "{count} stories");
    assert!(
        wrong.is_empty(),
        "{}\nREWRITE=1 updates the printed lines in the files",
        wrong.join("\n")
    );
}
