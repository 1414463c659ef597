//! Ports for engines that come and go.

use std::{
    net::SocketAddr,
    sync::{Mutex, PoisonError},
};

use tokio::net::TcpSocket;

/// Bound and not listening until the test's process ends: an engine may listen there as often as it likes, and no other
/// test is given the port while none does.
static HELD: Mutex<Vec<TcpSocket>> = Mutex::new(Vec::new());

/// Where the ports are sought: below those that the system gives to whoever asks for any (`ip_local_port_range`), since
/// some that asked let theirs go and take it again later.
const FIRST: u32 = 10_000;
const COUNT: u32 = 20_000;

/// A port for the engines of one test.
pub(crate) fn engine_port() -> u16 {
    let begin = std::process::id();
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    let mut ports = (0..COUNT).map(|step| u16::try_from(FIRST + (begin + step) % COUNT).unwrap());
    let socket = ports.find_map(take).unwrap();
    let port = socket.local_addr().unwrap().port();
    held.push(socket);
    port
}

/// A socket on a port that nobody is bound to.
fn take(port: u16) -> Option<TcpSocket> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from(([127, 0, 0, 1], port))).ok()?;
    // Said afterwards, it lets engines share the port and not the sockets before this one.
    socket.set_reuseaddr(true).unwrap();
    Some(socket)
}
