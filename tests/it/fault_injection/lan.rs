//! A simulated LAN: network namespaces joined by a bridge, with real broadcasts.
//!
//! A test that needs the LAN runs itself again inside separate namespaces (`unshare`). The system removes them when the
//! test ends. The network of the host does not change.

use std::path::PathBuf;
use std::process::Command;

/// Environment variable that is set inside the namespaces.
const INSIDE: &str = "QUORUMSCOPE_INSIDE_NAMESPACES";

/// Advice if namespaces are not available.
const ADVICE: &str = "these tests need network namespaces of their own: install util-linux and iproute2, and run them \
as root, or allow user namespaces to all users (sysctl -w kernel.unprivileged_userns_clone=1 \
user.max_user_namespaces=10000 kernel.apparmor_restrict_unprivileged_userns=0); in a container also allow it to make \
namespaces and mounts (--privileged, or --cap-add SYS_ADMIN --cap-add NET_ADMIN)";

/// Returns true inside namespaces. Outside, runs `test` inside new namespaces, waits for it and returns false; fails if
/// the test fails.
pub(crate) fn is_inside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args([
            "--map-root-user",
            "--net",
            "--mount",
            "--fork",
            "--kill-child",
            "--",
        ]);
        command
    };
    let tried = unshare()
        .args(["sh", "-c", "ip link add name probe type bridge"])
        .output();
    match &tried {
        Ok(tried) if tried.status.success() => {}
        Ok(tried) => panic!("{}\n{ADVICE}", String::from_utf8_lossy(&tried.stderr)),
        Err(error) => panic!("unshare: {error}\n{ADVICE}"),
    }
    let status = unshare()
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--include-ignored", "--nocapture"])
        .env(INSIDE, "1")
        .status()
        .unwrap();
    assert!(status.success(), "{test} failed inside its namespaces");
    false
}

/// Runs a command that must succeed.
pub(crate) fn run(command: &str) {
    let words: Vec<&str> = command.split_whitespace().collect();
    let output = Command::new(words[0]).args(&words[1..]).output();
    let output = output.unwrap_or_else(|error| panic!("{command}: {error}\n{ADVICE}"));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command}: {error}\n{ADVICE}");
}

/// Machines 0, 1, 2 .. at 10.77.0.1, 10.77.0.2, 10.77.0.3 ..; the test itself uses the bridge address 10.77.0.254.
pub(crate) struct Lan;

impl Lan {
    pub(crate) const BROADCAST: &'static str = "10.77.0.255:47700";

    /// Creates this many machines.
    pub(crate) fn new(machines: usize) -> Lan {
        // `ip netns` stores named namespaces as files there.
        run("mount -t tmpfs none /run");
        std::fs::create_dir_all("/run/netns").unwrap();
        run("ip link set lo up");
        run("ip link add lan type bridge");
        run("ip addr add 10.77.0.254/24 broadcast 10.77.0.255 dev lan");
        run("ip link set lan up");
        let lan = Lan;
        for machine in 0..machines {
            run(&format!("ip netns add m{machine}"));
            run(&format!(
                "ip link add port{machine} type veth peer name eth0 netns m{machine}"
            ));
            run(&format!("ip link set port{machine} master lan up"));
            let address = lan.address(machine);
            for order in [
                format!("ip addr add {address}/24 broadcast 10.77.0.255 dev eth0"),
                "ip link set eth0 up".to_owned(),
                "ip link set lo up".to_owned(),
            ] {
                run(&format!("nsenter --net=/run/netns/m{machine} {order}"));
            }
        }
        lan
    }

    pub(crate) fn address(&self, machine: usize) -> String {
        format!("10.77.0.{}", machine + 1)
    }

    pub(crate) fn namespace(&self, machine: usize) -> PathBuf {
        format!("/run/netns/m{machine}").into()
    }

    /// Cuts the link of a machine.
    pub(crate) fn cut(&self, machine: usize) {
        run(&format!("ip link set port{machine} down"));
    }

    /// Restores the link of a machine.
    pub(crate) fn heal(&self, machine: usize) {
        run(&format!("ip link set port{machine} up"));
    }

    /// Isolates a machine: isolated machines reach only those that are not isolated.
    pub(crate) fn isolate(&self, machine: usize) {
        run(&format!("bridge link set dev port{machine} isolated on"));
    }
}
