//! X11 implementation of the desktop integration.

use crate::window::jobs;
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use x11rb::connection::Connection;
use x11rb::errors::{ConnectionError, ReplyError, ReplyOrIdError};
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ClientMessageEvent, ConnectionExt, CreateWindowAux, EventMask, KeyButMask,
    MOTION_NOTIFY_EVENT, Motion, MotionNotifyEvent, PropMode, SelectionNotifyEvent, Window,
    WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;
use x11rb::{CURRENT_TIME, atom_manager};

/// Delays of the wake-up messages, each after the one before. The later messages are for loaded machines.
const WAKE_DELAYS: [Duration; 3] = [
    Duration::from_millis(50),
    Duration::from_millis(150),
    Duration::from_millis(500),
];
/// Largest depth below the root at which a window manager may place our window.
const DEPTH_MAX: u32 = 4;
/// The implemented version of the XDND protocol.
const XDND_VERSION: u32 = 5;
/// Longest accepted URI list, in units of four bytes.
const URI_LIST_MAX_U32S: u32 = 1 << 18;

atom_manager! {
    /// Interned atoms.
    Atoms: AtomsCookie {
        XdndAware,
        XdndProxy,
        XdndEnter,
        XdndPosition,
        XdndStatus,
        XdndDrop,
        XdndFinished,
        XdndSelection,
        XdndTypeList,
        XdndActionCopy,
        UriList: b"text/uri-list",
        QuorumscopeWake: b"QUORUMSCOPE_WAKE",
    }
}

/// Channels to the two threads that serve the X connection while the window is open.
pub(crate) struct DesktopIntegration {
    wake_requests: Sender<()>,
    drops: Receiver<PathBuf>,
}

/// The X connection, shared by both threads.
struct X11Connection {
    connection: RustConnection,
    atoms: Atoms,
    root: Window,
    window: Window,
    proxy: Window,
}

impl DesktopIntegration {
    /// Connects for the newest window with this title, which is the one just opened. Returns `None` if that fails: the
    /// window then works without drag and drop from file managers.
    pub(crate) fn connect(title: &str) -> Option<DesktopIntegration> {
        let link = Arc::new(X11Connection::new(title).ok().flatten()?);
        let (wake_requests, requests) = unbounded();
        let (found, drops) = unbounded();
        let wake = Arc::clone(&link);
        jobs::spawn_detached("window-wake", move || wake.serve_wake_requests(&requests));
        jobs::spawn_detached("window-drops", move || link.serve_drag_and_drop(&found));
        Some(DesktopIntegration {
            wake_requests,
            drops,
        })
    }

    /// Wakes the event loop shortly after it blocks.
    pub(crate) fn schedule_wake(&self) {
        // Sending fails only if the thread has ended; the window then waits for the next event.
        let _ = self.wake_requests.send(());
    }

    /// Files dropped since the last call.
    pub(crate) fn take_dropped_files(&self) -> Vec<PathBuf> {
        self.drops.try_iter().collect()
    }
}

impl X11Connection {
    fn new(title: &str) -> Result<Option<X11Connection>, ReplyOrIdError> {
        let Ok((connection, screen)) = x11rb::connect(None) else {
            return Ok(None);
        };
        let atoms = Atoms::new(&connection)?.reply()?;
        let root = connection.setup().roots[screen].root;
        let Some(window) = find_window(&connection, root, title, DEPTH_MAX)? else {
            return Ok(None);
        };
        let proxy = connection.generate_id()?;
        let aux = CreateWindowAux::new();
        let (class, visual) = (WindowClass::INPUT_ONLY, x11rb::COPY_FROM_PARENT);
        connection.create_window(0, proxy, root, 0, 0, 1, 1, 0, class, visual, &aux)?;
        let replace = PropMode::REPLACE;
        connection.change_property32(
            replace,
            proxy,
            atoms.XdndAware,
            AtomEnum::ATOM,
            &[XDND_VERSION],
        )?;
        connection.change_property32(
            replace,
            proxy,
            atoms.XdndProxy,
            AtomEnum::WINDOW,
            &[proxy],
        )?;
        connection.change_property32(
            replace,
            window,
            atoms.XdndProxy,
            AtomEnum::WINDOW,
            &[proxy],
        )?;
        connection.flush()?;
        Ok(Some(X11Connection {
            connection,
            atoms,
            root,
            window,
            proxy,
        }))
    }

    /// Sends wake-up messages after each request. A newer request restarts the sequence.
    fn serve_wake_requests(&self, requests: &Receiver<()>) {
        while requests.recv().is_ok() {
            for pause in WAKE_DELAYS {
                jobs::sleep(pause);
                if !requests.is_empty() {
                    break;
                }
                let event =
                    ClientMessageEvent::new(32, self.window, self.atoms.QuorumscopeWake, [0; 5]);
                if self.send(self.window, event).is_err() {
                    return;
                }
            }
        }
    }

    fn send(&self, to: Window, event: ClientMessageEvent) -> Result<(), ConnectionError> {
        self.connection
            .send_event(false, to, EventMask::NO_EVENT, event)?;
        self.connection.flush()
    }

    /// Sends a pointer motion without movement, so that the event loop draws a frame.
    fn wake(&self) -> Result<(), ReplyError> {
        let at = self.connection.query_pointer(self.window)?.reply()?;
        let event = MotionNotifyEvent {
            response_type: MOTION_NOTIFY_EVENT,
            detail: Motion::NORMAL,
            sequence: 0,
            time: CURRENT_TIME,
            root: self.root,
            event: self.window,
            child: x11rb::NONE,
            root_x: at.root_x,
            root_y: at.root_y,
            event_x: at.win_x,
            event_y: at.win_y,
            state: KeyButMask::from(u16::from(at.mask)),
            same_screen: true,
        };
        self.connection
            .send_event(false, self.window, EventMask::POINTER_MOTION, event)?;
        self.connection.flush()?;
        Ok(())
    }

    /// Serves the XDND protocol for the window until the connection ends.
    fn serve_drag_and_drop(&self, found: &Sender<PathBuf>) {
        let mut session = DragSession::default();
        while let Ok(event) = self.connection.wait_for_event() {
            let answered = match event {
                Event::ClientMessage(message) => self.handle_client_message(&mut session, &message),
                Event::SelectionNotify(notice) => self.receive(&session, &notice, found),
                _ => Ok(()),
            };
            if answered.is_err() {
                return;
            }
        }
    }

    fn handle_client_message(
        &self,
        session: &mut DragSession,
        message: &ClientMessageEvent,
    ) -> Result<(), ReplyError> {
        let data = message.data.as_data32();
        let source = data[0];
        if message.type_ == self.atoms.XdndEnter {
            let offers = match data[1] & 1 {
                0 => data[2..].to_vec(),
                _ => self.types_of(source)?,
            };
            *session = DragSession {
                source,
                offers_files: offers.contains(&self.atoms.UriList),
            };
        } else if message.type_ == self.atoms.XdndPosition {
            let accepts = u32::from(session.offers_files);
            let answer = [
                self.window,
                accepts,
                0,
                0,
                accepts * self.atoms.XdndActionCopy,
            ];
            self.reply(source, self.atoms.XdndStatus, answer)?;
        } else if message.type_ == self.atoms.XdndDrop {
            if session.offers_files {
                let (selection, list) = (self.atoms.XdndSelection, self.atoms.UriList);
                self.connection
                    .convert_selection(self.proxy, selection, list, selection, data[2])?;
                self.connection.flush()?;
            } else {
                self.finish(source, false)?;
            }
        }
        Ok(())
    }

    fn types_of(&self, source: Window) -> Result<Vec<Atom>, ReplyError> {
        let list = self.connection.get_property(
            false,
            source,
            self.atoms.XdndTypeList,
            AtomEnum::ATOM,
            0,
            1024,
        )?;
        // A source that no longer exists offers nothing.
        let types = list.reply().ok();
        Ok(types
            .and_then(|types| types.value32().map(Iterator::collect))
            .unwrap_or_default())
    }

    fn receive(
        &self,
        session: &DragSession,
        notice: &SelectionNotifyEvent,
        found: &Sender<PathBuf>,
    ) -> Result<(), ReplyError> {
        let has_content = notice.property == self.atoms.XdndSelection;
        if has_content {
            let content = self.connection.get_property(
                true,
                self.proxy,
                notice.property,
                AtomEnum::ANY,
                0,
                URI_LIST_MAX_U32S,
            )?;
            let list = String::from_utf8_lossy(&content.reply()?.value).into_owned();
            for path in super::paths(&list) {
                drop(found.send(path));
            }
        }
        self.finish(session.source, has_content)?;
        self.wake()
    }

    fn finish(&self, source: Window, is_taken: bool) -> Result<(), ConnectionError> {
        let taken = u32::from(is_taken);
        let answer = [self.window, taken, taken * self.atoms.XdndActionCopy, 0, 0];
        self.reply(source, self.atoms.XdndFinished, answer)
    }

    fn reply(&self, source: Window, kind: Atom, data: [u32; 5]) -> Result<(), ConnectionError> {
        self.send(source, ClientMessageEvent::new(32, source, kind, data))
    }
}

/// The drag in progress over the window.
#[derive(Default)]
struct DragSession {
    source: Window,
    offers_files: bool,
}

/// The newest window with this title, searched depth first.
fn find_window(
    connection: &RustConnection,
    below: Window,
    title: &str,
    depth: u32,
) -> Result<Option<Window>, ReplyError> {
    let Ok(tree) = connection.query_tree(below)?.reply() else {
        return Ok(None);
    };
    // Children are in stacking order: the newest is last.
    for &window in tree.children.iter().rev() {
        let name =
            connection.get_property(false, window, AtomEnum::WM_NAME, AtomEnum::ANY, 0, 64)?;
        if name
            .reply()
            .is_ok_and(|name| name.value == title.as_bytes())
        {
            return Ok(Some(window));
        }
        if depth > 1
            && let Some(found) = find_window(connection, window, title, depth - 1)?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
