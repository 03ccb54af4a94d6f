//! Answers the driver's requests: enumeration, format negotiation, picture controls.

use std::os::unix::net::UnixStream;

use super::descriptors::{
    self, INTERVALS, PICTURE_BYTES, PROCESSING_UNIT, STREAM_ENDPOINT, StreamFormat,
};
use super::wire::{self, Message, Request, STALL};
use super::{Model, Shared};

/// Largest payload, header included.
pub(super) const PAYLOAD_BYTES: u32 = 16_384;

const PROBE_BYTES: usize = 26;
const PROBE: u8 = 1;
const COMMIT: u8 = 2;
const BRIGHTNESS: u8 = 2;
const POWER_LINE_FREQUENCY: u8 = 5;

const SET_CUR: u8 = 0x01;
const GET_CUR: u8 = 0x81;
const GET_MIN: u8 = 0x82;
const GET_MAX: u8 = 0x83;
const GET_RES: u8 = 0x84;
const GET_LEN: u8 = 0x85;
const GET_INFO: u8 = 0x86;
const GET_DEF: u8 = 0x87;

/// What the driver has set.
pub(super) struct Registers {
    probe: Negotiation,
    /// What is streamed, once the driver has committed to it.
    pub(super) committed: Option<Negotiation>,
    /// Counts commitments, so that a picture under way is given up.
    pub(super) commitments: u64,
    brightness: i16,
    power_line_frequency: u8,
}

/// Format and rate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Negotiation {
    /// Counts from 1.
    format_index: u8,
    /// In units of 100 ns.
    pub(super) interval: u32,
}

impl Registers {
    pub(super) fn new() -> Self {
        Self {
            probe: Negotiation {
                format_index: 1,
                interval: INTERVALS[0],
            },
            committed: None,
            commitments: 0,
            brightness: 0,
            power_line_frequency: 1,
        }
    }

    pub(super) fn brightness(&self) -> i16 {
        self.brightness
    }
}

impl Negotiation {
    pub(super) fn format(self, model: Model) -> StreamFormat {
        model.formats()[usize::from(self.format_index) - 1]
    }

    /// The nearest of what there is.
    fn nearest(data: &[u8], model: Model) -> Self {
        let index = data.get(2).copied().unwrap_or(1);
        let wanted = data.get(4..8).map_or(INTERVALS[0], |bytes| {
            u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
        });
        let nearest = INTERVALS.iter().min_by_key(|i| i.abs_diff(wanted));
        Self {
            format_index: index.clamp(1, model.formats().len() as u8),
            interval: nearest.copied().unwrap_or(INTERVALS[0]),
        }
    }

    fn to_bytes(self) -> [u8; PROBE_BYTES] {
        let mut bytes = [0; PROBE_BYTES];
        bytes[2] = self.format_index;
        bytes[3] = 1;
        bytes[4..8].copy_from_slice(&self.interval.to_le_bytes());
        bytes[18..22].copy_from_slice(&PICTURE_BYTES.to_le_bytes());
        bytes[22..26].copy_from_slice(&PAYLOAD_BYTES.to_le_bytes());
        bytes
    }
}

/// Answers until the cable is pulled.
pub(super) fn serve(socket: &UnixStream, shared: &Shared) {
    while let Ok(message) = wire::receive(socket) {
        // Answers are sent under the lock, as the stream's are.
        let mut state = shared.lock();
        match message {
            Message::Unlink { sequence, victim } => {
                state.pending.unlink(socket, sequence, victim);
            }
            Message::Submit(request) if request.endpoint == u32::from(STREAM_ENDPOINT & 0x0f) => {
                let waiting = (request.sequence, request.length);
                state.pending.0.push_back(waiting);
                shared.changed.notify_all();
            }
            Message::Submit(request) => {
                let sequence = request.sequence;
                match answer(&request, shared, &mut state.registers) {
                    None => wire::reply(socket, sequence, STALL, &[], 0),
                    Some(mut data) if request.towards_host => {
                        let asked = u16::from_le_bytes([request.setup[6], request.setup[7]]);
                        data.truncate(usize::from(asked));
                        wire::reply(socket, sequence, 0, &data, data.len() as u32);
                    }
                    Some(_) => wire::reply(socket, sequence, 0, &[], request.length),
                }
                shared.changed.notify_all();
            }
        }
    }
    shared.lock().unplugged = true;
    shared.changed.notify_all();
}

/// The data for a control request, empty for one that only sets; `None` to refuse it.
fn answer(request: &Request, shared: &Shared, registers: &mut Registers) -> Option<Vec<u8>> {
    let [kind, code, low, high, _, entity, ..] = request.setup;
    match (kind, code) {
        // GET_DESCRIPTOR
        (0x80, 6) => match high {
            1 => Some(descriptors::device()),
            2 => Some(descriptors::configuration(shared.model)),
            3 => Some(descriptors::string(low, &shared.serial)),
            _ => None,
        },
        // GET_STATUS, GET_CONFIGURATION, GET_INTERFACE
        (0x80..=0x82, 0) => Some(vec![0, 0]),
        (0x80, 8) => Some(vec![1]),
        (0x81, 10) => Some(vec![0]),
        // SET_CONFIGURATION, SET_INTERFACE, CLEAR_FEATURE and the like.
        (0x00..=0x02, _) => Some(Vec::new()),
        (0x21 | 0xa1, _) if entity == PROCESSING_UNIT => {
            picture_control(code, high, &request.data, registers)
        }
        (0x21 | 0xa1, _) if matches!(high, PROBE | COMMIT) => {
            negotiate(code, high, &request.data, shared.model, registers)
        }
        _ => None,
    }
}

fn negotiate(
    code: u8,
    selector: u8,
    data: &[u8],
    model: Model,
    registers: &mut Registers,
) -> Option<Vec<u8>> {
    let with_interval = |interval| Negotiation {
        interval,
        ..registers.probe
    };
    let reported = match code {
        SET_CUR => {
            registers.probe = Negotiation::nearest(data, model);
            if selector == COMMIT {
                registers.committed = Some(registers.probe);
                registers.commitments += 1;
            }
            return Some(Vec::new());
        }
        GET_LEN => return Some(vec![PROBE_BYTES as u8, 0]),
        GET_INFO => return Some(vec![3]),
        GET_MIN => with_interval(INTERVALS[0]),
        GET_MAX => with_interval(INTERVALS[INTERVALS.len() - 1]),
        GET_CUR | GET_DEF => registers.probe,
        _ => return None,
    };
    Some(reported.to_bytes().to_vec())
}

fn picture_control(
    code: u8,
    selector: u8,
    data: &[u8],
    registers: &mut Registers,
) -> Option<Vec<u8>> {
    let brightness = |value: i16| Some(value.to_le_bytes().to_vec());
    match (selector, code) {
        (_, GET_INFO) => Some(vec![3]),
        (BRIGHTNESS, GET_LEN) => Some(vec![2, 0]),
        (BRIGHTNESS, GET_CUR) => brightness(registers.brightness),
        (BRIGHTNESS, GET_MIN) => brightness(-64),
        (BRIGHTNESS, GET_MAX) => brightness(64),
        (BRIGHTNESS, GET_RES) => brightness(1),
        (BRIGHTNESS, GET_DEF) => brightness(0),
        (BRIGHTNESS, SET_CUR) => {
            registers.brightness = i16::from_le_bytes([*data.first()?, *data.get(1)?]);
            Some(Vec::new())
        }
        (POWER_LINE_FREQUENCY, GET_LEN) => Some(vec![1, 0]),
        (POWER_LINE_FREQUENCY, GET_CUR) => Some(vec![registers.power_line_frequency]),
        (POWER_LINE_FREQUENCY, GET_MIN) => Some(vec![0]),
        (POWER_LINE_FREQUENCY, GET_MAX) => Some(vec![2]),
        (POWER_LINE_FREQUENCY, GET_RES | GET_DEF) => Some(vec![1]),
        (POWER_LINE_FREQUENCY, SET_CUR) => {
            registers.power_line_frequency = *data.first()?;
            Some(Vec::new())
        }
        _ => None,
    }
}
