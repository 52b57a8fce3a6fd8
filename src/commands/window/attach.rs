//! Opening the window on nodes that run as processes.

use super::FilesByHash;
use crate::cli::{DiscoverArgs, WindowArgs};
use crate::commands::support::error::CommandError;
use crate::live::attach::{AttachOptions, AttachedSession, FileFinder, Targets};
use crate::live::listen;
use crate::run::Session;
use std::sync::{Arc, Mutex, PoisonError};

/// In place of an address: whoever announces itself.
const DISCOVER: &str = "discover";

/// Whom to watch.
pub(super) struct AttachSource {
    urls: Vec<String>,
    discover: DiscoverArgs,
    options: AttachOptions,
    /// Those who are watched already, until the window takes over.
    initial: Mutex<Option<AttachedSession>>,
}

impl AttachSource {
    /// Begins to watch whom `args` ask for, if they do. `files` tells where a file lies that has been looked at here.
    ///
    /// # Errors
    /// If the token cannot be read, an address is none, or nobody answers.
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
                    .map(crate::commands::node::token)
                    .transpose()?,
                files: Some(finder),
            },
            initial: Mutex::default(),
        };
        let first = live.connect().map_err(CommandError::Input)?;
        for remark in &first.scenario().remarks {
            eprintln!("note: {remark}");
        }
        *live.initial.lock().unwrap_or_else(PoisonError::into_inner) = Some(first);
        Ok(Some(live))
    }

    /// Those who are watched; once the window has them, they are watched anew.
    ///
    /// # Errors
    /// In words: nobody answers.
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
