//! Points of zeros around an array, and a part of its points.

use super::{HOLDS, Reader};
use crate::InferError;
use crate::native::operator::ir::{Id, Op};
use crate::onnx::MAX_WIDTH;
use crate::onnx::proto::NodeProto;

impl Reader<'_> {
    /// `Pad`, with zeros and along points alone.
    pub(super) fn pad(&mut self, node: &NodeProto) -> Result<Id, InferError> {
        for attribute in &node.attribute {
            if attribute.name != "mode" || &attribute.s[..] != b"constant" {
                return Err(self.unsupported(node, format!("attribute `{}`; {HOLDS}", attribute.name)));
            }
        }
        let (x, pads, value) = match &node.input[..] {
            [x, pads] => (x, pads, ""),
            [x, pads, value] => (x, pads, value.as_str()),
            _ => return Err(self.unsupported(node, format!("it has not two or three operands; {HOLDS}"))),
        };
        if !value.is_empty() && self.walk.constant(node, value)?.scalar() != Some(0.0) {
            return Err(self.unsupported(node, format!("it pads with other numbers than 0; {HOLDS}")));
        }
        let x = self.array(node, x)?;
        let shape = self.shape_of(x);
        let pads = self.integers(node, pads)?;
        let extent = |n: i64| usize::try_from(n).ok().filter(|&n| n <= MAX_WIDTH);
        let (before, after) = match pads[..] {
            [0, before, 0, 0, after, 0] => (extent(before), extent(after)),
            _ => (None, None),
        };
        let (Some(before), Some(after)) = (before, after) else {
            return Err(self.unsupported(
                node,
                format!("the padding is {pads:?}, not along points alone with up to {MAX_WIDTH}; {HOLDS}"),
            ));
        };
        let points = before + shape.points + after;
        if points > MAX_WIDTH {
            return Err(self.unsupported(node, format!("it gives {points} points; {MAX_WIDTH} are served")));
        }
        let shape = self.shape(node, points, shape.channels)?;
        let x = self.copy(x);
        Ok(self.push(Op::Pad { x, before }, shape))
    }

    /// `Slice`, of points alone and one after the other.
    pub(super) fn slice(&mut self, node: &NodeProto) -> Result<Id, InferError> {
        self.walk.attributes(node, &[])?;
        let (x, starts, ends, axes, steps) = match &node.input[..] {
            [x, starts, ends, axes] => (x, starts, ends, axes, None),
            [x, starts, ends, axes, steps] => (x, starts, ends, axes, Some(steps)),
            _ => return Err(self.unsupported(node, format!("it has not four or five operands; {HOLDS}"))),
        };
        let x = self.array(node, x)?;
        let shape = self.shape_of(x);
        let [starts, ends, axes] =
            [self.integers(node, starts)?, self.integers(node, ends)?, self.integers(node, axes)?];
        let by_one = match steps {
            None => true,
            Some(steps) => self.integers(node, steps)?[..] == [1],
        };
        let n = shape.points as i64;
        // Negative places count from the end; those beyond either end mean the end.
        let place = |p: i64| if p < 0 { p.saturating_add(n) } else { p }.clamp(0, n) as usize;
        let (start, end) = match (&starts[..], &ends[..], &axes[..]) {
            (&[start], &[end], [1 | -2]) if by_one => (place(start), place(end)),
            _ => {
                return Err(self.unsupported(
                    node,
                    format!(
                        "it takes {starts:?} to {ends:?} of axes {axes:?}, not neighbouring points alone; {HOLDS}"
                    ),
                ));
            }
        };
        let shape = self.shape(node, end.saturating_sub(start), shape.channels)?;
        let x = self.stored(x);
        Ok(self.push(Op::Slice { x, start }, shape))
    }
}
