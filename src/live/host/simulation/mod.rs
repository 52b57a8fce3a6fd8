//! Deterministic simulation of a network of whole hosts: each host with its real store on a simulated disk, in virtual
//! time, on one thread. One seed determines the setup, all faults and all transmissions.
//!
//! A run has two phases. In the first, machines crash, disks fail, links lose, delay and partition, clocks jump, files
//! get lost, strangers announce themselves, and one node may be faulty: Byzantine, rolled back, or run twice. In the
//! second phase, there are no faults, and everything that was acknowledged has to be decided at all nodes.
//! [`Observer`](observer::Observer) checks what must hold at all times.
//!
//! | module | contents |
//! |---|---|
//! | `setup`, `dice` | machines, trust, the faulty node, and the kinds of faults, from the seed; random draws |
//! | `world` | the state, and the queue of events |
//! | `machine` | disk, clock and files, and the process of a node |
//! | `network`, `peer_queue` | what hosts send, the links, and the queues of calls |
//! | `delivery`, `calls`, `proofs` | turns, datagrams and fetches; calls; checks of addresses |
//! | `faults`, `byzantine` | what goes wrong |
//! | `clients`, `observer` | who proposes, and what must hold |
//!
//! `SEED=17 cargo test --locked --lib host::simulation` runs one seed. `HOST_SEEDS=2000` runs that
//! many, from seed 1 or `SEED` on.

mod byzantine;
mod calls;
mod clients;
mod delivery;
mod dice;
mod faults;
mod machine;
mod network;
mod observer;
mod peer_queue;
mod proofs;
mod setup;
mod world;

use crate::time::{Span, Time};
use machine::Machine;
use observer::Report;
use setup::Setup;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use world::{Event, World};

/// End of the phase with faults.
const FAULTS_END: Time = Time::from_ms(60_000);
/// Time in which everything has to be decided after that.
const DECIDED_WITHIN: Span = Span::from_ms(400_000);
/// Number of seeds that run without a variable of the environment.
const SEEDS: u64 = 50;

/// Runs the simulation of a seed.
///
/// # Errors
/// If something does not hold: what, and when.
fn run(seed: u64) -> Result<Report, String> {
    let mut world = World::new(Setup::new(seed));
    match simulate(&mut world) {
        Ok(()) => Ok(world.observer.report),
        Err(why) => {
            let machines: Vec<String> = world.machines.iter().map(Machine::describe).collect();
            Err(format!(
                "at {} ms: {why}\n  {}\n  {}",
                world.now.0 / 1000,
                world.setup.describe(),
                machines.join("\n  ")
            ))
        }
    }
}

fn simulate(world: &mut World) -> Result<(), String> {
    for at in 0..world.setup.hosts() {
        let span = world.dice.span_ms(0, 3_000);
        world.after(span, Event::Start(at, 0));
    }
    world.after(Span::from_ms(3_000), Event::ClientActs);
    world.after(Span::from_ms(5_000), Event::Fault);
    world.after(Span::from_ms(500), Event::ByzantineActs);
    run_until(world, FAULTS_END)?;
    world.end_faults()?;
    let deadline = FAULTS_END + DECIDED_WITHIN;
    loop {
        let second = world.now + Span::from_ms(1_000);
        run_until(world, second)?;
        match check_end(world) {
            Err(why) if world.now >= deadline => {
                return Err(format!(
                    "without faults since {} ms: {why}",
                    FAULTS_END.0 / 1000
                ));
            }
            Err(_) => {}
            Ok(()) => return Ok(()),
        }
    }
}

fn run_until(world: &mut World, end: Time) -> Result<(), String> {
    while let Some(event) = world.next_event(end) {
        handle(world, event)?;
    }
    world.advance_to(end);
    Ok(())
}

fn handle(world: &mut World, event: Event) -> Result<(), String> {
    let has_faults = world.now < FAULTS_END;
    match event {
        Event::Turn(at) => return world.turn(at),
        Event::Flush(at, generation) => return world.flush(at, generation),
        Event::Start(at, generation) if world.machines[at].generation == generation => {
            return world.start(at);
        }
        Event::Start(..) => {}
        Event::Datagram(at, source, packet) => world.datagram_arrives(at, source, &packet),
        Event::ProofArrives(id) => world.proof_arrives(id),
        Event::ProofEnds(id, result) => world.proof_ends(id, result),
        Event::Messages(at, messages) => world.messages_arrive(at, &messages),
        Event::CallArrives(id) => world.call_arrives(id),
        Event::CallEnds(id, result) => world.call_ends(id, result),
        Event::OfferAgain(at, generation, node) => world.offer_again(at, generation, node),
        Event::FetchEnds(at, generation, file, holders) => {
            world.fetch_ends(at, generation, &file, &holders);
        }
        Event::ClientActs if has_faults => {
            let (at, command) = world.clients.act(&world.machines);
            world.command(at, command);
            let span = world.dice.span_ms(100, 2_000);
            world.after(span, Event::ClientActs);
        }
        Event::LastProposal(at) => {
            let command = world.clients.propose_last(at);
            world.command(at, command);
        }
        Event::ByzantineActs if has_faults => {
            world.byzantine_acts();
            let span = world.dice.span_ms(20, 500);
            world.after(span, Event::ByzantineActs);
        }
        Event::Fault if has_faults => {
            world.fault()?;
            let span = world.dice.span_ms(200, 5_000);
            world.after(span, Event::Fault);
        }
        Event::ClientActs | Event::ByzantineActs | Event::Fault => {}
        Event::Repair(repair) => world.repair(repair),
    }
    Ok(())
}

/// Checks that all proposals are decided, and that all hosts have the whole log and all files.
fn check_end(world: &World) -> Result<(), String> {
    if world.now < FAULTS_END + Span::from_ms(45_000) || world.clients.has_unanswered_last() {
        return Err("a last note is not accepted".to_owned());
    }
    world.observer.check_acknowledged()?;
    for at in 0..world.setup.hosts() {
        let machine = &world.machines[at];
        let Some(process) = &machine.process else {
            return Err(format!("machine {at} is down"));
        };
        world
            .observer
            .check_complete(at, &process.host, &machine.files)?;
    }
    Ok(())
}

/// Runs a seed. A failure or a panic becomes a text that states how to repeat it.
fn checked(seed: u64) -> Result<Report, String> {
    let repeat = format!("SEED={seed} cargo test --locked --lib host::simulation -- --nocapture");
    match catch_unwind(AssertUnwindSafe(|| run(seed))) {
        Ok(Ok(report)) => Ok(report),
        Ok(Err(why)) => Err(format!("{repeat}: {why}")),
        Err(_) => Err(format!("{repeat}: it panics")),
    }
    .inspect_err(|why| println!("{why}"))
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name}: expected a number")),
    )
}

#[test]
fn hosts_keep_their_promises_under_faults() {
    let (first, count) = (number("SEED"), number("HOST_SEEDS"));
    let first_seed = first.unwrap_or(1);
    let count = count.unwrap_or(if first.is_some() { 1 } else { SEEDS });
    let seeds = first_seed..first_seed + count;
    let (next, results) = (AtomicU64::new(seeds.start), Mutex::new(Vec::new()));
    let threads = thread::available_parallelism().map_or(1, |count| count.get());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if !seeds.contains(&seed) {
                        return;
                    }
                    results.lock().unwrap().push(checked(seed));
                }
            });
        }
    });
    let results = results.into_inner().unwrap();
    let mut sum = Report::default();
    for report in results.iter().flatten() {
        sum.slots += report.slots;
        sum.acknowledged += report.acknowledged;
        sum.crashes += report.crashes;
        sum.faults += report.faults;
        sum.events += report.events;
    }
    println!("{} seeds: {sum:?}", results.len());
    let failures: Vec<&String> = results
        .iter()
        .filter_map(|one| one.as_ref().err())
        .collect();
    assert!(
        failures.is_empty(),
        "{} failures: {failures:#?}",
        failures.len()
    );
}

#[test]
fn a_seed_determines_every_message() {
    for seed in [3, 7] {
        assert_eq!(run(seed), run(seed));
    }
}
