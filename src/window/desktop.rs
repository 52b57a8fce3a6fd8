//! Desktop integration that macroquad lacks: waking its blocked event loop, and drag and drop of files (XDND).
//!
//! Both use a separate connection to the X server.
//!
//! While nothing moves, macroquad's event loop blocks on its connection. An event that arrives during the last frame
//! before it blocks stays unhandled until another event follows. For this reason, [`DesktopIntegration::schedule_wake`]
//! sends a few empty messages shortly afterwards.
//!
//! macroquad accepts only plain paths as drops; file managers offer `text/uri-list`. The window therefore names a
//! second window as its XdndProxy (freedesktop.org, "Drag-and-Drop Protocol for the X Window System"), which receives
//! the drop.
//!
//! On platforms without X11 this module does nothing.

use std::path::PathBuf;

#[cfg(all(unix, not(target_os = "macos")))]
pub(super) use x11::DesktopIntegration;

/// The local files of a `text/uri-list` (RFC 2483).
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

/// Percent-decoding (RFC 3986). Invalid UTF-8 is replaced; such a file will not be found.
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

/// Stand-in on platforms without X11.
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
    fn uri_lists_are_parsed_into_local_paths() {
        let list = "# a comment\r\nfile:///tmp/a%20b.txt\r\nfile://host/tmp/c\r\nhttp://x/y\r\n/plain\r\nfile:/d%\r\n";
        let found: Vec<String> = paths(list)
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        assert_eq!(found, ["/tmp/a b.txt", "/tmp/c", "/plain", "/d%"]);
        assert!(paths("").is_empty());
    }
}
