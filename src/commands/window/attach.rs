//! Opens the window on running processes (`--attach`).

use super::FilesByHash;
use crate::cli::{DiscoverArgs, WindowArgs};
use crate::commands::support::error::CommandError;
use crate::live::attach::{AttachOptions, AttachedSession, FileFinder, Targets};
use crate::live::listen;
use crate::run::Session;
use crate::text::{self, terminal};
use std::sync::{Arc, Mutex, PoisonError};

/// The value of `--attach` that selects every node that announces itself by UDP, in place of a URL.
const DISCOVER: &str = "discover";

/// The processes to watch.
pub(super) struct AttachSource {
    urls: Vec<String>,
    discover: DiscoverArgs,
    options: AttachOptions,
    /// The first connection, made before the window opens so that errors reach the terminal.
    initial: Mutex<Option<AttachedSession>>,
}

impl AttachSource {
    /// Connects to the processes that `args` name; `None` without `--attach`. `files` locates files that this window
    /// has hashed, so that they can be uploaded.
    ///
    /// # Errors
    /// If the token cannot be read, a URL is malformed, or no process responds.
    pub(super) fn open(
        args: &WindowArgs,
        files: &FilesByHash,
    ) -> Result<Option<AttachSource>, CommandError> {
        if args.attach.is_empty() {
            return Ok(None);
        }
        let files = Arc::clone(files);
        let finder: Arc<FileFinder> = Arc::new(move |sha256: &str| {
            let files = files.lock().unwrap_or_else(PoisonError::into_inner);
            files.get(sha256).cloned()
        });
        let live = AttachSource {
            urls: args.attach.clone(),
            discover: args.discover.clone(),
            options: AttachOptions {
                token: args
                    .token_file
                    .as_deref()
                    .map(crate::commands::support::token_file::read_token)
                    .transpose()?,
                files: Some(finder),
                title: terminal::live_title().to_owned(),
                description: terminal::live_description().to_owned(),
            },
            initial: Mutex::default(),
        };
        let first = live.connect().map_err(CommandError::Input)?;
        for remark in &first.scenario().remarks {
            eprintln!("{}", terminal::note(&text::remark(remark)));
        }
        *live.initial.lock().unwrap_or_else(PoisonError::into_inner) = Some(first);
        Ok(Some(live))
    }

    /// Takes the initial connection, or connects again.
    ///
    /// # Errors
    /// If no process responds.
    pub(super) fn take(&self) -> Result<AttachedSession, String> {
        let first = self
            .initial
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        first.map_or_else(|| self.connect(), Ok)
    }

    fn connect(&self) -> Result<AttachedSession, String> {
        let (discover, urls): (Vec<_>, Vec<_>) =
            self.urls.iter().cloned().partition(|url| url == DISCOVER);
        let found = match discover.is_empty() {
            true => None,
            false => {
                let DiscoverArgs {
                    broadcast,
                    live_network,
                } = &self.discover;
                Some(listen(*broadcast, live_network).map_err(|error| error.to_string())?)
            }
        };
        let targets = Targets { urls, found };
        AttachedSession::open(targets, self.options.clone()).map_err(|error| error.to_string())
    }
}
