//! What is said about the way to a station, as codes; the words are in `languages/en/link.ftl`.

rollcall_messages::room! {
    pub(crate) ROOM = "link", [("en/link.ftl", include_str!("../../../languages/en/link.ftl"))];
    texts:
        CONNECTION_BROKE,
        LINK_ASKING,
        LINK_GONE,
        LINK_NOT_REACHED,
        LINK_NOT_UNDERSTOOD,
        LINK_PROGRAM_ERROR,
        LINK_TOO_MUCH,
        LINK_UNREADABLE,
        UPDATE_PROGRAM,
        UPDATE_STATION,
    ;
    messages:
        answer_too_large(reason),
        link_cannot_say(reason),
        link_gone_because(reason),
        link_silent(seconds),
        no_thread_left(reason),
        not_understood(station, reason),
        other_protocol(station, ours, program, theirs, update),
        too_many_attached(count),
    ;
}
