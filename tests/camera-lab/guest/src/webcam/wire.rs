//! The messages between the kernel and a USB/IP device (Documentation/usb/usbip_protocol).
//!
//! Every message begins with 48 bytes of big-endian numbers.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;

const HEADER: usize = 48;
const SUBMIT: u32 = 1;
const UNLINK: u32 = 2;
const RET_SUBMIT: u32 = 3;
const RET_UNLINK: u32 = 4;

/// Negative error numbers that mean something to the host.
pub(super) const STALL: i32 = -32;
const UNLINKED: i32 = -104;

/// A request block of the host.
pub(super) struct Request {
    pub(super) sequence: u32,
    pub(super) endpoint: u32,
    pub(super) towards_host: bool,
    /// How much is asked for or was sent.
    pub(super) length: u32,
    pub(super) setup: [u8; 8],
    /// What the host sent along.
    pub(super) data: Vec<u8>,
}

/// What comes from the host.
pub(super) enum Message {
    Submit(Request),
    /// The host does not want the answer to the request of this number any more.
    Unlink {
        sequence: u32,
        victim: u32,
    },
}

/// Requests that wait to be answered, oldest first: their number and their length.
#[derive(Default)]
pub(super) struct Pending(pub(super) VecDeque<(u32, u32)>);

impl Pending {
    /// Answers an unlink; the caller holds the lock under which requests are answered, so
    /// that a request is either answered or unlinked and never both.
    pub(super) fn unlink(&mut self, socket: &UnixStream, sequence: u32, victim: u32) {
        let before = self.0.len();
        self.0.retain(|(waiting, _)| *waiting != victim);
        let status = if self.0.len() < before { UNLINKED } else { 0 };
        let words = [RET_UNLINK, sequence, 0, 0, 0, status as u32];
        send(socket, &words, &[]);
    }
}

/// Reads the next message; an error means that the cable was pulled.
pub(super) fn receive(mut socket: &UnixStream) -> io::Result<Message> {
    let mut header = [0; HEADER];
    socket.read_exact(&mut header)?;
    let word = |index: usize| {
        let bytes = [0, 1, 2, 3].map(|i| header[index * 4 + i]);
        u32::from_be_bytes(bytes)
    };
    match word(0) {
        SUBMIT => {
            let towards_host = word(3) == 1;
            let length = word(6);
            let mut data = Vec::new();
            if !towards_host {
                data.resize(length as usize, 0);
                socket.read_exact(&mut data)?;
            }
            let mut setup = [0; 8];
            setup.copy_from_slice(&header[40..]);
            Ok(Message::Submit(Request {
                sequence: word(1),
                endpoint: word(4),
                towards_host,
                length,
                setup,
                data,
            }))
        }
        UNLINK => Ok(Message::Unlink {
            sequence: word(1),
            victim: word(5),
        }),
        other => Err(io::Error::other(format!("unknown message {other}"))),
    }
}

/// Answers a request with a status and, towards the host, with data.
pub(super) fn reply(socket: &UnixStream, sequence: u32, status: i32, data: &[u8], length: u32) {
    let words = [RET_SUBMIT, sequence, 0, 0, 0, status as u32, length];
    send(socket, &words, data);
}

fn send(mut socket: &UnixStream, words: &[u32], data: &[u8]) {
    let mut message: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    message.resize(HEADER, 0);
    message.extend_from_slice(data);
    // If the cable is pulled meanwhile, the reading thread notices it.
    let _ = socket.write_all(&message);
}
