//! Datagram inputs: announcements for discovery.

use super::harness::{NETWORK, NodeHarness, signed};
use quorumscope::live::identity::SignaturePurpose;
use quorumscope::live::node_directory::NodeDirectory;
use quorumscope::live::wire::{DATAGRAM_BYTES_MAX, Datagram, VERSION, WireAnnouncement, is_name};

/// Receives the bytes as a datagram, and then as a signed announcement.
pub(crate) fn receive_datagram(bytes: &[u8]) {
    let mut node = NodeHarness::new(0);
    node.receive_datagram(bytes);
    let Some(announcement) = std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| signed(text, "key", SignaturePurpose::Announcement))
    else {
        return;
    };
    match (Datagram { announcement }).write() {
        Ok(packet) => {
            check(&packet);
            node.receive_datagram(&packet);
            // A replayed datagram is ignored.
            node.receive_datagram(&packet);
            (0..5).for_each(|_| node.tick());
        }
        Err(_) => assert!(
            bytes.len() > DATAGRAM_BYTES_MAX / 2,
            "short announcements fit into a datagram"
        ),
    }
}

/// Checks that a datagram is read correctly or refused.
fn check(packet: &[u8]) {
    let Ok((announcement, signed)) = Datagram::read(packet, NETWORK) else {
        return;
    };
    assert!(
        announcement.version == VERSION
            && announcement.network == NETWORK
            && is_name(&announcement.name)
            && announcement.nth > 0
    );
    assert_eq!(
        WireAnnouncement::open(&signed, NETWORK).unwrap(),
        announcement
    );
    let mut directory = NodeDirectory::new(super::harness::identity(0).key());
    let id = directory.update(&announcement, &signed).unwrap();
    assert_eq!(directory.http(id), Some(announcement.http));
    assert_eq!(directory.announcement(id), Some(&announcement));
    // A datagram with one changed byte is refused.
    let mut forged = packet.to_vec();
    if let Some(at) = forged.windows(4).position(|part| part == b"\"nth") {
        forged[at + 1] = b'm';
        assert!(Datagram::read(&forged, NETWORK).is_err());
    }
}

/// The announcements of four nodes.
pub(crate) fn examples() -> Vec<String> {
    let lines = super::conversation::example();
    let lines = lines
        .lines()
        .filter_map(|line| line.strip_prefix("datagram "));
    lines.map(str::to_owned).collect()
}
