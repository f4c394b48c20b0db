import module dev.jacobian.core;

// The gradients of y = W x + b, for one example and for a batch.
void main() {
    Tensor w = Tensor.of(new double[][] {{1, -2}, {3, 0.5}});
    Tensor b = Tensor.of(0.5, -1);
    Tensor x = Tensor.of(2.0, -1);
    Tensor dy = Tensor.of(0.5, -2);
    Tensor dw = dy.reshape(2, 1).matmul(x.reshape(1, 2)); // dL/dW_ij = dL/dy_i x_j
    say("y  = W x + b ", w.matmul(x).add(b));
    say("dW = dy x^T  ", dw);
    say("db = dy      ", dy);
    say("dx = W^T dy  ", w.transpose().matmul(dy));
    compare("by autograd", dw, Autograd.vjp(v -> v.matmul(x).add(b), w, dy), dy,
            Autograd.vjp(v -> w.matmul(x).add(v), b, dy), w.transpose().matmul(dy),
            Autograd.vjp(v -> w.matmul(v).add(b), x, dy));

    // A batch has its examples as rows: Y = X Wᵀ + b, and what they share, W and b, gets the sum of their gradients.
    Rng.seed(1);
    Linear layer = new Linear(3, 2);
    Tensor batch = Rng.normal(5, 3).requireGrad();
    Tensor gradient = Rng.normal(5, 2);
    layer.call(batch).backward(gradient);
    Tensor summed = Tensor.zeros(2, 3);
    for (int n = 0; n < 5; n++) {
        summed = summed.add(gradient.select(0, n).reshape(2, 1).matmul(batch.detach().select(0, n).reshape(1, 3)));
    }
    IO.println("weight " + layer.weight().shape() + ", bias " + layer.bias().shape() + ", batch " + batch.shape());
    compare("dW = sum of dy x^T, db = sum of dy", summed, layer.weight().grad(), gradient.sum(0), layer.bias().grad());
    compare("dW = dY^T X, dX = dY W", gradient.transpose().matmul(batch.detach()), layer.weight().grad(),
            gradient.matmul(layer.weight().detach()), batch.grad());
}

/** Whether each tensor is what the one after it is. */
static void compare(String what, Tensor... pairs) {
    double largest = 0;
    for (int i = 0; i < pairs.length; i += 2) {
        largest = Math.max(largest, pairs[i].sub(pairs[i + 1]).abs().max().item());
    }
    IO.println(what + ": equal to 1e-5 " + (largest < 1e-5));
}

static void say(String what, Tensor value) {
    IO.println(what + value);
}
