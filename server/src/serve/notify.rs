//! Telling whoever started this process that it serves (`sd_notify(3)`): the service manager, or the gateway whose place
//! it takes.

use std::{
    env,
    ffi::OsStr,
    io,
    os::{
        linux::net::SocketAddrExt,
        unix::{
            ffi::OsStrExt,
            net::{SocketAddr, UnixDatagram},
        },
    },
};

use super::inherited::HANDED_OVER;

/// Where the service manager listens.
const SERVICE_MANAGER: &str = "NOTIFY_SOCKET";

/// Says that this process serves.
pub fn ready() {
    let asked_by_a_gateway = env::var_os(HANDED_OVER);
    if let Some(socket) = asked_by_a_gateway.or_else(|| env::var_os(SERVICE_MANAGER)) {
        tell(&socket, "READY=1");
    }
}

/// Says that `process` serves from here on.
pub fn succeeded_by(process: u32) {
    if let Some(socket) = env::var_os(SERVICE_MANAGER) {
        tell(&socket, &format!("MAINPID={process}"));
    }
}

fn tell(socket: &OsStr, state: &str) {
    let address = match socket.as_bytes().strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(socket),
    };
    if let Err(error) = address.and_then(|address| send(state, &address)) {
        tracing::warn!(%error, state, "cannot tell who started this process how it goes");
    }
}

fn send(state: &str, address: &SocketAddr) -> io::Result<()> {
    UnixDatagram::unbound()?
        .send_to_addr(state.as_bytes(), address)
        .map(|_| ())
}
