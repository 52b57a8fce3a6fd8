//! XDND drag source: drops a file on the window as a file manager does.

use std::path::Path;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConnectionExt, CreateWindowAux, EventMask, PropMode,
    SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, SelectionRequestEvent, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;
use x11rb::{COPY_FROM_PARENT, CURRENT_TIME, atom_manager};

atom_manager! {
    Atoms: AtomsCookie {
        XdndProxy, XdndEnter, XdndPosition, XdndStatus, XdndDrop, XdndFinished, XdndSelection, XdndActionCopy,
        UriList: b"text/uri-list",
    }
}

struct DragSource {
    connection: RustConnection,
    atoms: Atoms,
    own: Window,
    target: Window,
    proxy: Window,
    list: String,
}

/// Drops `file` on `target` and returns when the drop has been accepted.
pub(super) fn drop_file(display: &str, target: Window, file: &Path) {
    let (connection, screen) = x11rb::connect(Some(display)).unwrap();
    let atoms = Atoms::new(&connection).unwrap().reply().unwrap();
    let own = connection.generate_id().unwrap();
    let root = connection.setup().roots[screen].root;
    let (class, aux) = (WindowClass::INPUT_ONLY, CreateWindowAux::new());
    connection
        .create_window(0, own, root, 0, 0, 1, 1, 0, class, COPY_FROM_PARENT, &aux)
        .unwrap();
    connection
        .set_selection_owner(own, atoms.XdndSelection, CURRENT_TIME)
        .unwrap();
    let proxy = connection
        .get_property(false, target, atoms.XdndProxy, AtomEnum::WINDOW, 0, 1)
        .unwrap()
        .reply()
        .unwrap();
    let proxy = proxy
        .value32()
        .and_then(|mut ids| ids.next())
        .expect("the window names a proxy");
    let list = format!(
        "file://{}\r\n",
        file.display().to_string().replace(' ', "%20")
    );
    let source = DragSource {
        connection,
        atoms,
        own,
        target,
        proxy,
        list,
    };
    source.drag();
}

impl DragSource {
    fn send(&self, kind: u32, words: [u32; 4]) {
        let [a, b, c, d] = words;
        let event = ClientMessageEvent::new(32, self.target, kind, [self.own, a, b, c, d]);
        self.connection
            .send_event(false, self.proxy, EventMask::NO_EVENT, event)
            .unwrap();
        self.connection.flush().unwrap();
    }

    fn drag(&self) {
        let atoms = &self.atoms;
        self.send(atoms.XdndEnter, [5 << 24, atoms.UriList, 0, 0]);
        self.send(
            atoms.XdndPosition,
            [0, 600 << 16 | 400, CURRENT_TIME, atoms.XdndActionCopy],
        );
        assert_eq!(
            self.wait_for_reply(atoms.XdndStatus)[1] & 1,
            1,
            "the window accepts the drop"
        );
        self.send(atoms.XdndDrop, [0, CURRENT_TIME, 0, 0]);
        assert_eq!(
            self.wait_for_reply(atoms.XdndFinished)[1] & 1,
            1,
            "the window has accepted the drop"
        );
    }

    /// Waits for a message of this type, and serves requests for the URI list meanwhile.
    fn wait_for_reply(&self, kind: u32) -> [u32; 5] {
        loop {
            match self.connection.wait_for_event().unwrap() {
                Event::ClientMessage(message) if message.type_ == kind => {
                    return message.data.as_data32();
                }
                Event::SelectionRequest(request) => self.give(&request),
                _ => {}
            }
        }
    }

    fn give(&self, request: &SelectionRequestEvent) {
        assert_eq!(request.target, self.atoms.UriList);
        self.connection
            .change_property8(
                PropMode::REPLACE,
                request.requestor,
                request.property,
                request.target,
                self.list.as_bytes(),
            )
            .unwrap();
        let notice = SelectionNotifyEvent {
            response_type: SELECTION_NOTIFY_EVENT,
            sequence: 0,
            time: request.time,
            requestor: request.requestor,
            selection: request.selection,
            target: request.target,
            property: request.property,
        };
        self.connection
            .send_event(false, request.requestor, EventMask::NO_EVENT, notice)
            .unwrap();
        self.connection.flush().unwrap();
    }
}
