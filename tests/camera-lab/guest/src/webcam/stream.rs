//! Sends pictures as UVC payloads, at the rate that was agreed.

use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::descriptors::StreamFormat;
use super::requests::PAYLOAD_BYTES;
use super::{Behaviour, Pictures, Shared, State, wire};

const PAYLOAD_HEADER: usize = 2;
const FLAG_PICTURE_PARITY: u8 = 0x01;
const FLAG_END_OF_PICTURE: u8 = 0x02;
const FLAG_ERROR: u8 = 0x40;
const FLAG_END_OF_HEADER: u8 = 0x80;

/// How often a waiting thread looks whether the camera was pulled out.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A picture to be sent and the agreement under which it is.
struct Outgoing {
    data: Vec<u8>,
    parity: u8,
    is_flagged_broken: bool,
    commitments: u64,
}

/// Streams until the camera is pulled out.
pub(super) fn run(socket: &UnixStream, shared: &Shared, pictures: &Pictures) {
    let mut parity = 0;
    let mut number = 0;
    let mut due = Instant::now();
    while let Some(state) = wait_until_wanted(shared) {
        let Some(agreed) = state.registers.committed else {
            continue;
        };
        let (behaviour, commitments) = (state.behaviour, state.registers.commitments);
        drop(state);
        let interval = Duration::from_nanos(u64::from(agreed.interval) * 100);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        // A host that was late gets no burst.
        due = Instant::now().max(due) + interval;
        let roll = match agreed.format(shared.model) {
            StreamFormat::Mjpeg => &pictures.mjpeg,
            StreamFormat::Yuyv => &pictures.yuyv,
        };
        if behaviour != Behaviour::Frozen {
            number += 1;
        }
        let outgoing = Outgoing {
            data: spoilt(&roll[number % roll.len()], behaviour, number),
            parity,
            is_flagged_broken: behaviour == Behaviour::ErrorBit,
            commitments,
        };
        if send(socket, shared, &outgoing) {
            shared.pictures_sent.fetch_add(1, Ordering::Relaxed);
        }
        parity ^= FLAG_PICTURE_PARITY;
    }
}

/// Waits until the driver asks for data and the camera is willing; `None` once it is pulled out.
fn wait_until_wanted(shared: &Shared) -> Option<MutexGuard<'_, State>> {
    let mut state = shared.lock();
    loop {
        if state.unplugged {
            return None;
        }
        let is_wanted = !state.pending.0.is_empty() && state.registers.committed.is_some();
        if is_wanted && state.behaviour != Behaviour::Silent {
            return Some(state);
        }
        state = wait(shared, state);
    }
}

fn wait<'a>(shared: &'a Shared, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
    let waited = shared.changed.wait_timeout(state, LOOK_EVERY);
    waited.unwrap_or_else(PoisonError::into_inner).0
}

/// Sends one picture; `false` if the driver began anew or the camera was pulled out.
fn send(socket: &UnixStream, shared: &Shared, outgoing: &Outgoing) -> bool {
    let mut rest = &outgoing.data[..];
    let mut is_first = true;
    while !rest.is_empty() {
        let mut state = shared.lock();
        let (sequence, length) = loop {
            if state.unplugged || state.registers.commitments != outgoing.commitments {
                return false;
            }
            if let Some(request) = state.pending.0.pop_front() {
                break request;
            }
            state = wait(shared, state);
        };
        let room = length.min(PAYLOAD_BYTES) as usize - PAYLOAD_HEADER;
        let (chunk, later) = rest.split_at(room.min(rest.len()));
        rest = later;
        let mut flags = FLAG_END_OF_HEADER | outgoing.parity;
        if rest.is_empty() {
            flags |= FLAG_END_OF_PICTURE;
        }
        if outgoing.is_flagged_broken && is_first {
            flags |= FLAG_ERROR;
        }
        is_first = false;
        let mut payload = vec![PAYLOAD_HEADER as u8, flags];
        payload.extend_from_slice(chunk);
        // Under the lock: a request that is being unlinked must not be answered as well.
        wire::reply(socket, sequence, 0, &payload, payload.len() as u32);
        drop(state);
    }
    true
}

/// The picture as a camera in trouble sends it.
fn spoilt(picture: &[u8], behaviour: Behaviour, number: usize) -> Vec<u8> {
    let mut data = picture.to_vec();
    match behaviour {
        Behaviour::Truncated => data.truncate(picture.len() / 2),
        Behaviour::TruncatedWithEndMarker => {
            data.truncate(picture.len() * (2 + number % 7) / 10);
            data.extend([0xff, 0xd9]);
        }
        Behaviour::Garbage => {
            // Behind the tables of a JPEG, so that it still looks like one at first.
            for (index, byte) in data.iter_mut().enumerate().skip(700) {
                *byte = byte.wrapping_mul(31).wrapping_add(index as u8);
            }
        }
        Behaviour::Good | Behaviour::Silent | Behaviour::Frozen | Behaviour::ErrorBit => {}
    }
    data
}
