//! File names: a check whether a name can be proposed, and sanitized names that are safe on every system.

use crate::node::{Content, FileInfo, is_well_formed};

/// Longest name on the disk, in bytes.
const BYTES_MAX: usize = 255;
/// Most files with the same proposed name.
const SAME_NAME_MAX: u32 = 10_000;

/// Whether a file with this name can be proposed. Hidden files cannot be proposed, because users do not expect them to
/// be published.
pub(super) fn can_be_proposed(name: &str) -> bool {
    let file = FileInfo {
        name: name.to_owned(),
        size_bytes: 0,
        sha256: "0".repeat(64),
    };
    is_well_formed(&Content::File(file)) && !name.starts_with('.')
}

/// Names for a file that is called `name`, the preferred one first: `photo.jpg`, `photo (2).jpg`, ...
pub(super) fn candidates(name: &str) -> impl Iterator<Item = String> + use<> {
    let safe = safe(name);
    let (stem, extension) = match safe.rfind('.').and_then(|at| safe.split_at_checked(at)) {
        Some((stem, extension)) if !stem.is_empty() => (stem, extension),
        _ => (safe.as_str(), ""),
    };
    let (stem, extension) = (stem.to_owned(), extension.to_owned());
    (1..=SAME_NAME_MAX).map(move |nth| {
        let suffix = match nth {
            1 => String::new(),
            nth => format!(" ({nth})"),
        };
        // A very long extension is cut.
        let extension = shortened(&extension, BYTES_MAX / 4);
        let used = suffix.len().saturating_add(extension.len());
        let stem = shortened(&stem, BYTES_MAX.saturating_sub(used));
        format!("{stem}{suffix}{extension}")
    })
}

/// The longest prefix of `text` with at most `bytes_max` bytes.
fn shortened(text: &str, bytes_max: usize) -> &str {
    let mut ends = (0..=bytes_max.min(text.len())).rev();
    ends.find_map(|end| text.get(..end)).unwrap_or_default()
}

/// Sanitizes `name`: no path, not hidden, no device name, no characters that change how it is displayed.
fn safe(name: &str) -> String {
    let mut safe: String = name
        .chars()
        .map(|c| if is_unsafe(c) { '_' } else { c })
        .collect();
    if safe.is_empty() {
        safe.push('_');
    }
    // The name would be hidden, `.`, `..`, or that of the folder of partial files.
    if let Some(rest) = safe.strip_prefix(['.', ' ']) {
        safe = format!("_{rest}");
    }
    // Windows strips these characters, so two names would become one.
    if let Some(rest) = safe.strip_suffix(['.', ' ']) {
        safe = format!("{rest}_");
    }
    if is_device(&safe) {
        safe = format!("_{safe}");
    }
    safe
}

fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
// Bidirectional control characters: "gpj.exe" would be displayed as "exe.jpg".
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether Windows reserves the name for a device, with any extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end();
    let stem = stem.to_ascii_uppercase();
    let numbered = ["COM", "LPT"].iter().any(|port| {
        stem.strip_prefix(port).is_some_and(|n| {
            n.chars().count() == 1 && n.chars().all(|c| "0123456789¹²³".contains(c))
        })
    });
    numbered
        || matches!(
            stem.as_str(),
            "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$"
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::{Component, Path};

    fn first(name: &str) -> String {
        candidates(name).next().unwrap()
    }

    #[test]
    fn ordinary_names_are_kept() {
        for name in ["photo.jpg", "a", "été 2024.tar.gz", "照片.jpg", "con-1.txt"] {
            assert_eq!(first(name), name);
            assert!(can_be_proposed(name), "{name}");
        }
        let more: Vec<_> = candidates("photo.jpg").take(3).collect();
        assert_eq!(more, ["photo.jpg", "photo (2).jpg", "photo (3).jpg"]);
        assert_eq!(candidates("Makefile").nth(1).unwrap(), "Makefile (2)");
    }

    #[test]
    fn special_names_are_sanitized() {
        for (name, safe) in [
            (".parts", "_parts"),
            (".bashrc", "_bashrc"),
            ("..", "__"),
            ("a?.txt", "a_.txt"),
            ("C:\\x/y", "C__x_y"),
            ("NUL", "_NUL"),
            ("com1.txt", "_com1.txt"),
            ("end.", "end_"),
            ("photo\u{202e}gpj.exe", "photo_gpj.exe"),
            ("", "_"),
        ] {
            assert_eq!(first(name), safe, "{name}");
        }
        for name in ["", ".", "..", "..a", ".hidden", "a/b", "a\\b", "C:", "a\nb"] {
            assert!(!can_be_proposed(name), "{name}");
        }
    }

    proptest! {
            #[test]
    fn sanitized_names_stay_in_the_folder(name in "\\PC{0,300}|[./\\\\ ~\u{0}-\u{20}]{0,9}") {
                for candidate in candidates(&name).take(3) {
                    prop_assert!((1..=BYTES_MAX).contains(&candidate.len()));
                    let components: Vec<_> = Path::new(&candidate).components().collect();
                    prop_assert!(matches!(components[..], [Component::Normal(_)]), "{candidate}");
                    prop_assert!(can_be_proposed(&candidate), "{candidate}");
                }
                let different: std::collections::BTreeSet<_> = candidates(&name).take(20).collect();
                prop_assert_eq!(different.len(), 20);
            }
        }
}
