//! Screenshots as PNG and SVG, rendered without the GPU and written atomically.

use crate::picture::canvas::Drawing;
use crate::picture::png::to_png;
use crate::picture::svg::{Fonts, to_svg};
use crate::text::panel;
use crate::time::Time;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A screenshot to write.
pub(super) struct Screenshot {
    /// The drawing to render.
    pub(super) drawing: Drawing,
    /// Pixels of the PNG per logical pixel.
    pub(super) scale: f32,
    /// Target folder.
    pub(super) folder: PathBuf,
    /// File name without extension, from [`stem`].
    pub(super) stem: String,
}

/// File name with scenario, seed and virtual time: `demo-seed1-12.045s`.
pub(super) fn stem(scenario: &str, seed: u64, at: Time) -> String {
    let plain: String = scenario
        .chars()
        .map(|letter| {
            if letter.is_alphanumeric() || letter == '-' {
                letter
            } else {
                '_'
            }
        })
        .collect();
    format!("{plain}-seed{seed}-{:.3}s", at.as_ms() / 1000.0)
}

/// Writes both files and returns their paths.
pub(super) fn write(screenshot: &Screenshot) -> Result<Vec<PathBuf>, String> {
    let png = to_png(&screenshot.drawing, screenshot.scale)
        .map_err(|error| panel::screenshot_failed(&error.to_string()))?;
    let svg = to_svg(&screenshot.drawing, Fonts::Embedded);
    [("png", png.as_slice()), ("svg", svg.as_bytes())]
        .into_iter()
        .map(|(ending, bytes)| {
            let path = screenshot
                .folder
                .join(format!("{}.{ending}", screenshot.stem));
            write_atomically(&path, bytes).map_err(|error| {
                panel::write_failed(&path.display().to_string(), &error.to_string())
            })?;
            Ok(path)
        })
        .collect()
}

/// Writes a temporary file and renames it, so that a partial file never has the final name.
fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(format!(".{}.part", std::process::id()));
    let partial = PathBuf::from(partial);
    let written = fs::write(&partial, bytes).and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        // A failure to remove the file is ignored, because the user needs to see the write error.
        drop(fs::remove_file(&partial));
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::canvas::Point;
    use crate::picture::theme::{PaletteName, Theme, ThemeName};

    fn screenshot(folder: &Path) -> Screenshot {
        let background = Theme::new(ThemeName::Dark, PaletteName::OkabeIto).background;
        let drawing = Drawing {
            size_px: Point { x: 40.0, y: 30.0 },
            background,
            layers: Vec::new(),
        };
        Screenshot {
            drawing,
            scale: 2.0,
            folder: folder.to_path_buf(),
            stem: stem("my net/1", 7, Time::from_ms(12_045)),
        }
    }

    #[test]
    fn writes_both_files_and_leaves_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let paths = write(&screenshot(folder.path())).unwrap();
        assert_eq!(paths[0].file_name().unwrap(), "my_net_1-seed7-12.045s.png");
        assert!(fs::read(&paths[0]).unwrap().starts_with(b"\x89PNG"));
        assert!(fs::read_to_string(&paths[1]).unwrap().contains("<svg"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn an_unwritable_folder_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        assert!(
            write(&screenshot(&missing))
                .unwrap_err()
                .contains("missing")
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
