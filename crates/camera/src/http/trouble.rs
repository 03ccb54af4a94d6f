//! What can go wrong with a camera in the network, told to the person who has to mend it.

use std::io;

use thiserror::Error;

/// Why a network camera shows nothing; continues "the camera at http://… ".
#[derive(Debug, Error)]
pub enum NetworkTrouble {
    /// Its name is in no directory.
    #[error("is not known by that name: check the address and the network")]
    UnknownHost,
    /// Nothing listens there.
    #[error("refuses the connection: check the port, and that its server runs")]
    Refused,
    /// There is no way to it.
    #[error("cannot be reached ({0}): check its power and the network")]
    Unreachable(io::Error),
    /// It took longer than it may.
    #[error("does not answer in time: check its power and the network")]
    Slow,
    /// 401, and none were given.
    #[error(
        "asks for a name and a password: write http://NAME:PASSWORD@HOST/PATH as camera.source"
    )]
    NameWanted,
    /// 401 in spite of them.
    #[error("does not take this name and password: check camera.source")]
    NameRefused,
    /// 401, and `Basic` is not what it wants.
    #[error("wants another authentication than Basic: allow Basic in its settings")]
    OtherAuthenticationWanted,
    /// 403.
    #[error("forbids it (403): check the user's rights in its settings")]
    Forbidden,
    /// 404.
    #[error("has nothing at this path (404): check the address")]
    NotFound,
    /// Any other status than success.
    #[error("answers {code} {reason}")]
    Status {
        /// The status code.
        code: u16,
        /// What it says about it.
        reason: String,
    },
    /// It sends something else.
    #[error(
        "sends {0}, which is no Motion JPEG, JPEG or PNG: give the address of its stream or its snapshot"
    )]
    OtherKind(String),
    /// It compresses its answer in a way that is not read.
    #[error("sends pictures compressed as {0}, which is not read: turn that off in its settings")]
    OtherCoding(String),
    /// The answer came to its end and held no picture.
    #[error(
        "sends no picture; its answer begins with {0}: give the address of its stream or its snapshot"
    )]
    NoPicture(String),
    /// It sends the request elsewhere, and elsewhere again.
    #[error("redirects too often: check the address")]
    RedirectedTooOften,
    /// It sends the request to a place that cannot be used.
    #[error("redirects to an address that cannot be used: {0}")]
    RedirectedWrongly(String),
    /// It does not speak HTTP.
    #[error("answers in a way that makes no sense: {0}")]
    Nonsense(String),
    /// The stream is over, which it never should be.
    #[error("has ended the stream: check its power and the network")]
    HungUp,
    /// The connection broke while the stream was running.
    #[error("is connected no longer ({0}): check its power and the network")]
    Broken(io::Error),
}
