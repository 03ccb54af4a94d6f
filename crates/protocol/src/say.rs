//! What a station and its front ends say to people alike, as codes; the words are in
//! `languages/en/protocol.ftl`.

rollcall_messages::room! {
    pub ROOM = "protocol", [("en/protocol.ftl", include_str!("../../../languages/en/protocol.ftl"))];
    texts:
        STATION_HAS_ENDED,
        TOO_MUCH_IS_ASKED,
        WATCH_ONLY,
    ;
}
