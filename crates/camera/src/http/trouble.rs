//! What can go wrong with a camera in the network, told to the person who has to mend it.

use crate::say;
use rollcall_messages::{Message, Said};
use std::io;

use thiserror::Error;

/// Why a network camera shows nothing; continues "the camera at http://… ".
#[derive(Debug, Error)]
#[error("{}", self.said())]
pub enum NetworkTrouble {
    /// Its name is in no directory.
    UnknownHost,
    /// Nothing listens there.
    Refused,
    /// There is no way to it.
    Unreachable(io::Error),
    /// It took longer than it may.
    Slow,
    /// 401, and none were given.
    NameWanted,
    /// 401 in spite of them.
    NameRefused,
    /// 401, and `Basic` is not what it wants.
    OtherAuthenticationWanted,
    /// 403.
    Forbidden,
    /// 404.
    NotFound,
    /// Any other status than success.
    Status {
        /// The status code.
        code: u16,
        /// What it says about it.
        reason: String,
    },
    /// It sends something else.
    OtherKind(String),
    /// It compresses its answer in a way that is not read.
    OtherCoding(String),
    /// The answer came to its end and held no picture.
    NoPicture(String),
    /// It sends the request elsewhere, and elsewhere again.
    RedirectedTooOften,
    /// It sends the request to a place that cannot be used.
    RedirectedWrongly(String),
    /// It does not speak HTTP.
    Nonsense(String),
    /// The stream is over, which it never should be.
    HungUp,
    /// The connection broke while the stream was running.
    Broken(io::Error),
}

impl Said for NetworkTrouble {
    fn said(&self) -> Message {
        match self {
            Self::UnknownHost => say::NETWORK_UNKNOWN_HOST.into(),
            Self::Refused => say::NETWORK_REFUSED.into(),
            Self::Unreachable(error) => say::network_unreachable(error.to_string()),
            Self::Slow => say::NETWORK_SLOW.into(),
            Self::NameWanted => say::NETWORK_NAME_WANTED.into(),
            Self::NameRefused => say::NETWORK_NAME_REFUSED.into(),
            Self::OtherAuthenticationWanted => say::NETWORK_OTHER_AUTHENTICATION.into(),
            Self::Forbidden => say::NETWORK_FORBIDDEN.into(),
            Self::NotFound => say::NETWORK_NOT_FOUND.into(),
            Self::Status { code, reason } => say::network_status(code, reason),
            Self::OtherKind(kind) => say::network_other_kind(kind),
            Self::OtherCoding(coding) => say::network_other_coding(coding),
            Self::NoPicture(answer) => say::network_no_picture(answer),
            Self::RedirectedTooOften => say::NETWORK_REDIRECTED_TOO_OFTEN.into(),
            Self::RedirectedWrongly(reason) => say::network_redirected_wrongly(reason),
            Self::Nonsense(reason) => say::network_nonsense(reason),
            Self::HungUp => say::NETWORK_HUNG_UP.into(),
            Self::Broken(error) => say::network_broken(error.to_string()),
        }
    }
}
