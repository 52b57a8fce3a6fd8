//! What macroquad does not do with the desktop, over a connection of our own to the X server: waking its sleeping loop,
//! and taking files that a file manager drops on the window.
//!
//! While nothing moves, macroquad's loop sleeps in its connection. Before it falls asleep it reads what has arrived and
//! one event more, so an event that came during the last frame lies unseen until another one follows. Hence
//! [`DesktopIntegration::schedule_wake`]: a few empty messages a moment later, which cost nothing and let it look again.
//!
//! Of drops macroquad knows only plain paths; file managers offer `text/uri-list`. The window names another one of ours
//! as its proxy (freedesktop.org, "Drag-and-Drop Protocol for the X Window System", XdndProxy), which speaks for it.
//!
//! Absent here: what is done with a file. Where there is no X server, nothing is done here at all.

use std::path::PathBuf;

#[cfg(all(unix, not(target_os = "macos")))]
pub(super) use x11::DesktopIntegration;

/// The paths in a `text/uri-list`, as far as they are files of this machine.
#[cfg_attr(not(all(unix, not(target_os = "macos"))), allow(dead_code))]
fn paths(list: &str) -> Vec<PathBuf> {
    let is_uri = |line: &&str| !line.is_empty() && !line.starts_with('#');
    list.lines()
        .map(str::trim)
        .filter(is_uri)
        .filter_map(path)
        .collect()
}

fn path(uri: &str) -> Option<PathBuf> {
    let Some(rest) = uri.strip_prefix("file:") else {
        return uri.starts_with('/').then(|| PathBuf::from(uri));
    };
    let path = match rest.strip_prefix("//") {
        Some(with_host) => &with_host[with_host.find('/')?..],
        None => rest,
    };
    Some(PathBuf::from(unescaped(path)))
}

/// `%20` is a blank, and so on. What is no UTF-8 then is replaced, and will not be found.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let code = code.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (first, code) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Where there is no X server.
#[cfg(not(all(unix, not(target_os = "macos"))))]
pub(super) struct DesktopIntegration;

#[cfg(not(all(unix, not(target_os = "macos"))))]
impl DesktopIntegration {
    pub(super) fn connect(_title: &str) -> Option<DesktopIntegration> {
        None
    }

    pub(super) fn schedule_wake(&self) {}

    pub(super) fn take_dropped_files(&self) -> Vec<PathBuf> {
        Vec::new()
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
mod x11;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_uris_are_paths() {
        let list = "# a comment\r\nfile:///tmp/a%20b.txt\r\nfile://host/tmp/c\r\nhttp://x/y\r\n/plain\r\nfile:/d%\r\n";
        let found: Vec<String> = paths(list)
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        assert_eq!(found, ["/tmp/a b.txt", "/tmp/c", "/plain", "/d%"]);
        assert!(paths("").is_empty());
    }
}
