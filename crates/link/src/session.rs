//! The first words of a client, and the station's answer.

use crate::say;
use rollcall_messages::Message;
use std::path::Path;
use std::time::Duration;

use crate::error::LinkError;
use crate::message::{
    BUILD, ClientHello, FromClient, FromStation, MOST_FROM_CLIENT, MOST_FROM_STATION, StationHello,
    Version, code,
};
use crate::socket::{self, Socket};
use crate::wire::{Kind, Reader, WireError, Writer};

/// A station says who it is at once.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// A connection on which both sides have said hello.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) socket: Socket,
    pub(crate) reader: Reader<Socket>,
    pub(crate) writer: Writer<Socket>,
    pub(crate) hello: StationHello,
}

/// What a program of this version says first.
pub(crate) fn hello(operator: &str, watches_only: bool) -> ClientHello {
    ClientHello {
        protocol: Version::OURS,
        build: BUILD.to_owned(),
        features: Vec::new(),
        operator: operator.to_owned(),
        watches_only,
        only_asks: false,
    }
}

/// Asks a station who it is.
pub(crate) fn ask(path: &Path) -> Result<StationHello, LinkError> {
    let question = ClientHello {
        only_asks: true,
        ..hello("", true)
    };
    greet(path, question).map(|connection| connection.hello)
}

/// Connects, says hello and hears the answer.
pub(crate) fn greet(path: &Path, hello: ClientHello) -> Result<Connection, LinkError> {
    let no_station = |source| LinkError::NoStation {
        path: path.to_owned(),
        source,
    };
    let stream = socket::connect(path, ANSWER_WITHIN).map_err(no_station)?;
    let socket = Socket::new(stream);
    let mut writer = Writer::new(socket.clone(), MOST_FROM_CLIENT);
    // A station that refuses has perhaps closed already; what it said is read all the same.
    let _ = writer.json(&FromClient::Hello(hello));
    let mut reader = Reader::new(socket.clone(), MOST_FROM_STATION);
    reader.get_mut().read_within(ANSWER_WITHIN);
    let hello = answer(&mut reader, path)?;
    Ok(Connection {
        socket,
        reader,
        writer,
        hello,
    })
}

fn answer(reader: &mut Reader<Socket>, path: &Path) -> Result<StationHello, LinkError> {
    let strange = |reason: String| LinkError::NotAStation {
        path: path.to_owned(),
        reason,
    };
    let message = match reader.next() {
        Ok(Some(message)) if message.kind == Kind::Json => message,
        Ok(Some(_)) => return Err(strange("a picture came before any word".to_owned())),
        Ok(None) => return Err(strange("it hung up".to_owned())),
        Err(WireError::Read(e)) if socket::is_timeout(&e) => {
            return Err(strange(format!(
                "nothing came within {} seconds",
                ANSWER_WITHIN.as_secs()
            )));
        }
        Err(error) => return Err(strange(error.to_string())),
    };
    match serde_json::from_slice(message.bytes) {
        Ok(FromStation::Hello(hello)) => match other_protocol(hello.protocol, &hello.build) {
            None => Ok(hello),
            Some(said) => Err(LinkError::Refused {
                code: code::OTHER_PROTOCOL.to_owned(),
                said,
            }),
        },
        Ok(FromStation::Refused(refused)) => Err(LinkError::Refused {
            code: refused.code.clone(),
            said: refused.message(),
        }),
        Ok(FromStation::Bye { said, .. }) => Err(strange(said)),
        Ok(_) => Err(strange("it did not say hello".to_owned())),
        Err(error) => Err(strange(error.to_string())),
    }
}

/// Why a station of this version cannot be talked to, if it cannot.
fn other_protocol(station: Version, build: &str) -> Option<Message> {
    let (theirs, ours) = (station.major, Version::OURS.major);
    let update = match theirs.cmp(&ours) {
        std::cmp::Ordering::Equal => return None,
        std::cmp::Ordering::Less => say::UPDATE_STATION,
        std::cmp::Ordering::Greater => say::UPDATE_PROGRAM,
    };
    let (theirs, ours) = (theirs.to_string(), ours.to_string());
    Some(say::other_protocol(build, theirs, BUILD, ours, update))
}
