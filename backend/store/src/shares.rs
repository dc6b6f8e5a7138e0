//! What each node holds of the budgets that all nodes share. Nothing here is a new generation: decisions do not look at it.
//!
//! Transactions on the control database run one after another on all nodes ([`crate::Db::tx`]), so what was found free is
//! free still when it is given.

use crate::connection::AnyConnection;
use crate::schema::{meters, nodes, shares};
use crate::{Conn, StoreError, column};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use mudeung_core::budget::{free, share};
use mudeung_core::clock::Timestamp;
use mudeung_core::quota::Amount;
use std::time::Duration;

/// A node that was not heard of for so long is taken for dead, and what it held is free again. A node must not spend its
/// shares when it could not say that it is alive for half of this.
pub const SILENCE_MAX: Duration = Duration::from_secs(15);

/// What a node hears when it says that it is alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beat {
    /// Nodes that are alive, this one among them.
    pub live: u32,
    /// Whether this node was known until now. When it was not, it holds nothing any more.
    pub known: bool,
}

/// What was booked before the ledger was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark(Amount);

/// What a node asks of a meter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draw {
    /// The node.
    pub node: String,
    /// The meter.
    pub meter: String,
    /// What may be read in all.
    pub limit: Amount,
    /// What the ledger says was read, asked after the mark was taken.
    pub used: Amount,
    /// What was booked before the ledger was asked.
    pub mark: Mark,
    /// What it wants to set aside.
    pub want: Amount,
    /// When the meter ends, so that its rows can go.
    pub ends_at: Option<Timestamp>,
}

/// What a node got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawn {
    /// Its own from now on.
    pub given: Amount,
    /// What is free for others.
    pub left: Amount,
}

/// What a node is done with, of one meter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    /// The meter.
    pub meter: String,
    /// What it spent, all of it durable in the ledger.
    pub used: Amount,
    /// What it gives back.
    pub back: Amount,
}

/// Says that a node is alive, and frees what dead ones held.
pub fn beat(conn: &mut Conn, node: &str) -> Result<Beat, StoreError> {
    let now = now_us(conn)?;
    let silence = i64::try_from(SILENCE_MAX.as_micros()).unwrap_or(i64::MAX);
    let dead = nodes::table.filter(nodes::seen_at.lt(now.saturating_sub(silence))).select(nodes::id);
    for dead in dead.load::<String>(&mut conn.0)? {
        forget(conn, &dead)?;
    }
    let known = diesel::update(nodes::table.find(node)).set(nodes::seen_at.eq(now)).execute(&mut conn.0)? == 1;
    if !known {
        forget(conn, node)?;
        diesel::insert_into(nodes::table).values((nodes::id.eq(node), nodes::seen_at.eq(now))).execute(&mut conn.0)?;
    }
    let live = nodes::table.count().get_result::<i64>(&mut conn.0)?;
    Ok(Beat { live: column::number_back(live)?, known })
}

/// Forgets a node and frees what it held.
pub fn forget(conn: &mut Conn, node: &str) -> Result<(), StoreError> {
    diesel::delete(shares::table.filter(shares::node.eq(node))).execute(&mut conn.0)?;
    diesel::delete(nodes::table.find(node)).execute(&mut conn.0)?;
    Ok(())
}

/// Forgets all nodes: for a database that only one process uses, when that process starts.
pub fn forget_all(conn: &mut Conn) -> Result<(), StoreError> {
    diesel::delete(shares::table).execute(&mut conn.0)?;
    diesel::delete(nodes::table).execute(&mut conn.0)?;
    Ok(())
}

/// Removes meters whose time is over. Their shares go when their nodes book or are forgotten.
pub fn sweep(conn: &mut Conn, ended_before: Timestamp) -> Result<(), StoreError> {
    let ended = meters::table.filter(meters::ends_at.lt(ended_before.micros())).select(meters::meter);
    for meter in ended.load::<String>(&mut conn.0)? {
        diesel::delete(shares::table.filter(shares::meter.eq(&meter))).execute(&mut conn.0)?;
        diesel::delete(meters::table.find(&meter)).execute(&mut conn.0)?;
    }
    Ok(())
}

/// What was booked of a meter so far. Take it before the ledger is asked: what is booked afterwards may or may not be in
/// the ledger's answer, and is counted twice rather than not at all.
pub fn mark(conn: &mut Conn, meter: &str) -> Result<Mark, StoreError> {
    let row = meters::table.find(meter).select((meters::booked_bytes, meters::booked_rows));
    let row = row.first::<(i64, i64)>(&mut conn.0).optional()?;
    Ok(Mark(row.map(amount).transpose()?.unwrap_or(Amount::ZERO)))
}

/// Gives a node a share of what is free. A node that is taken for dead gets nothing.
pub fn draw(conn: &mut Conn, draw: &Draw) -> Result<Drawn, StoreError> {
    let live = nodes::table.select(nodes::id).load::<String>(&mut conn.0)?;
    if !live.contains(&draw.node) {
        let why = "the other nodes take this one for dead; it joins them again within seconds";
        return Err(StoreError::Unavailable(why.to_owned()));
    }
    let Mark(booked) = mark(conn, &draw.meter)?;
    let since = booked.minus(draw.mark.0);
    let held = shares::table.filter(shares::meter.eq(&draw.meter)).select((shares::held_bytes, shares::held_rows));
    let mut all = Amount::ZERO;
    for row in held.load::<(i64, i64)>(&mut conn.0)? {
        all = all.plus(amount(row)?);
    }
    let free = free(draw.limit, draw.used.plus(since), all);
    let given = share(free, draw.want, live.len() == 1);
    ensure_meter(conn, &draw.meter, draw.ends_at)?;
    let own = own_share(conn, &draw.meter, &draw.node)?.plus(given);
    put_share(conn, &draw.meter, &draw.node, own)?;
    Ok(Drawn { given, left: free.minus(given) })
}

/// Books what a node spent and takes back what it does not need. A node that is taken for dead has nothing to give.
pub fn book(conn: &mut Conn, node: &str, bookings: &[Booking]) -> Result<(), StoreError> {
    for Booking { meter, used, back } in bookings {
        let own = own_share(conn, meter, node)?;
        put_share(conn, meter, node, own.minus(used.plus(*back)))?;
        let Mark(booked) = mark(conn, meter)?;
        let booked = booked.plus(*used);
        let set =
            (meters::booked_bytes.eq(column::count(booked.bytes)), meters::booked_rows.eq(column::count(booked.rows)));
        diesel::update(meters::table.find(meter)).set(set).execute(&mut conn.0)?;
    }
    Ok(())
}

/// Notes that people are told of a level; answers whether they were not told of it before, on any node.
pub fn raise_alert(conn: &mut Conn, meter: &str, level: u8) -> Result<bool, StoreError> {
    let higher = meters::table.filter(meters::meter.eq(meter).and(meters::alert_level.lt(i64::from(level))));
    Ok(diesel::update(higher).set(meters::alert_level.eq(i64::from(level))).execute(&mut conn.0)? == 1)
}

/// Forgets the level of a meter, because its limit was raised.
pub fn clear_alert(conn: &mut Conn, meter: &str) -> Result<(), StoreError> {
    diesel::update(meters::table.find(meter)).set(meters::alert_level.eq(0)).execute(&mut conn.0)?;
    Ok(())
}

fn ensure_meter(conn: &mut Conn, meter: &str, ends_at: Option<Timestamp>) -> Result<(), StoreError> {
    if meters::table.find(meter).count().get_result::<i64>(&mut conn.0)? == 0 {
        let values = (
            meters::meter.eq(meter),
            meters::booked_bytes.eq(0_i64),
            meters::booked_rows.eq(0_i64),
            meters::alert_level.eq(0_i64),
            meters::ends_at.eq(ends_at.map(Timestamp::micros)),
        );
        diesel::insert_into(meters::table).values(values).execute(&mut conn.0)?;
    }
    Ok(())
}

fn own_share(conn: &mut Conn, meter: &str, node: &str) -> Result<Amount, StoreError> {
    let row = shares::table.find((meter, node)).select((shares::held_bytes, shares::held_rows));
    Ok(row.first::<(i64, i64)>(&mut conn.0).optional()?.map(amount).transpose()?.unwrap_or(Amount::ZERO))
}

fn put_share(conn: &mut Conn, meter: &str, node: &str, held: Amount) -> Result<(), StoreError> {
    diesel::delete(shares::table.find((meter, node))).execute(&mut conn.0)?;
    if held != Amount::ZERO {
        let values = (
            shares::meter.eq(meter),
            shares::node.eq(node),
            shares::held_bytes.eq(column::count(held.bytes)),
            shares::held_rows.eq(column::count(held.rows)),
        );
        diesel::insert_into(shares::table).values(values).execute(&mut conn.0)?;
    }
    Ok(())
}

fn amount((bytes, rows): (i64, i64)) -> Result<Amount, StoreError> {
    Ok(Amount { bytes: column::count_back(bytes)?, rows: column::count_back(rows)? })
}

#[derive(QueryableByName)]
struct Now {
    #[diesel(sql_type = BigInt)]
    now_us: i64,
}

/// The clock of the database: the nodes need not agree on the time, only on this.
fn now_us(conn: &mut Conn) -> Result<i64, StoreError> {
    let now = match &mut conn.0 {
        AnyConnection::Sqlite(conn) => {
            let sql = "SELECT CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER) AS now_us";
            diesel::sql_query(sql).get_result::<Now>(conn)?
        }
        AnyConnection::Postgres(conn) => {
            let sql = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) AS now_us";
            diesel::sql_query(sql).get_result::<Now>(conn)?
        }
    };
    Ok(now.now_us)
}
