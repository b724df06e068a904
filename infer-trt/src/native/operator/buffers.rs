//! Memory for values that have to be whole, shared by those that are not needed at the same time.

use super::plan::{Buffer, View};

/// Most buffers that a network may need: those that are exported need three.
const MAX_BUFFERS: usize = 256;

/// A moment: a level of the network, and in it a step of a pass or, last of all, what follows the passes.
pub(super) type Moment = (usize, usize);

/// When a value is made, and for how long it is needed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Life {
    pub(super) birth: Moment,
    pub(super) last: Moment,
}

/// Where a pass reads and writes: views that agree go through it block by block together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rows {
    /// The points of the pass, of which a level has one for each number of points.
    pub(super) pass: usize,
    /// The first row, and the width.
    pub(super) row: usize,
    pub(super) width: usize,
}

/// Who used a buffer last.
#[derive(Debug)]
struct Tenant {
    last: Moment,
    /// The rows that its last reader took, if that was a pass.
    rows: Option<Rows>,
}

/// The buffers so far.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    pub(super) all: Vec<Buffer>,
    tenants: Vec<Tenant>,
}

impl Buffers {
    /// A buffer for a value of so many points. `rows` is how a pass writes it, and `read` how a pass reads it last,
    /// where it is one.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn take(
        &mut self,
        life: Life,
        (points, width): (usize, usize),
        rows: Option<Rows>,
        read: Option<Rows>,
    ) -> Result<View, String> {
        let each = life.last.0 > life.birth.0;
        let free = |(buffer, tenant): (&Buffer, &Tenant)| {
            let before = tenant.last.0 < life.birth.0;
            // A pass may write over what it has just read: of every block, the rows that it wrote before.
            let in_step = tenant.last <= life.birth && rows.is_some() && tenant.rows == rows;
            buffer.each == each && (before || in_step)
        };
        let found = self.all.iter().zip(&self.tenants).position(free);
        let tenant = Tenant { last: life.last, rows: read };
        let size = points * width;
        let buffer = match found {
            Some(k) => {
                self.all[k].size = self.all[k].size.max(size);
                self.tenants[k] = tenant;
                k
            }
            None if self.all.len() < MAX_BUFFERS => {
                self.all.push(Buffer { size, each });
                self.tenants.push(tenant);
                self.all.len() - 1
            }
            None => return Err(format!("it has to hold more than {MAX_BUFFERS} arrays at a time")),
        };
        Ok(View { buffer, row: 0, width })
    }
}
