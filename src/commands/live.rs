//! Opening the window on nodes that run as processes.

use super::error::CommandError;
use super::window::Files;
use crate::cli::{DiscoverArgs, WindowArgs};
use crate::live::attach::{AttachOptions, AttachedSession, FileFinder, Targets};
use crate::live::listen;
use crate::run::Session;
use std::sync::{Arc, Mutex, PoisonError};

/// In place of an address: whoever announces itself.
const DISCOVER: &str = "discover";

/// Whom to watch.
pub(super) struct Live {
    urls: Vec<String>,
    discover: DiscoverArgs,
    options: AttachOptions,
    /// Those who are watched already, until the window takes over.
    first: Mutex<Option<AttachedSession>>,
}

impl Live {
    /// Begins to watch whom `args` ask for, if they do. `files` tells where a file lies that has been looked at here.
    ///
    /// # Errors
    /// If the token cannot be read, an address is none, or nobody answers.
    pub(super) fn open(args: &WindowArgs, files: &Files) -> Result<Option<Live>, CommandError> {
        if args.attach.is_empty() {
            return Ok(None);
        }
        let files = Arc::clone(files);
        let finder: Arc<FileFinder> = Arc::new(move |sha256: &str| {
            let files = files.lock().unwrap_or_else(PoisonError::into_inner);
            files.get(sha256).cloned()
        });
        let live = Live {
            urls: args.attach.clone(),
            discover: args.discover.clone(),
            options: AttachOptions {
                token: args
                    .token_file
                    .as_deref()
                    .map(super::node::token)
                    .transpose()?,
                files: Some(finder),
            },
            first: Mutex::default(),
        };
        let first = live.watch().map_err(CommandError::Input)?;
        for remark in &first.scenario().remarks {
            eprintln!("note: {remark}");
        }
        *live.first.lock().unwrap_or_else(PoisonError::into_inner) = Some(first);
        Ok(Some(live))
    }

    /// Those who are watched; once the window has them, they are watched anew.
    ///
    /// # Errors
    /// In words: nobody answers.
    pub(super) fn take(&self) -> Result<AttachedSession, String> {
        let first = self
            .first
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        first.map_or_else(|| self.watch(), Ok)
    }

    fn watch(&self) -> Result<AttachedSession, String> {
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
