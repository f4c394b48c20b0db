import module dev.jacobian.core;

// The gradients of Z = X W, by sums with indicators, in matrix form, by example and by autograd.
static final int B = 4;
static final int D = 3;
static final int E = 2;

void main() {
    double[][] x = {{1, 2, 0}, {-1, 0, 3}, {2, 1, 1}, {0, -2, 1}};
    double[][] w = {{1, -1}, {2, 0}, {-2, 3}};
    double[][] dz = {{1, 2}, {0, -1}, {3, 1}, {-2, 1}};
    Tensor batch = Tensor.of(x);
    Tensor weight = Tensor.of(w);
    Tensor gradient = Tensor.of(dz);
    say("Z ", batch.matmul(weight));

    // dL/dX_ij = Σ_kl dL/dZ_kl Σ_t 1{k=i} 1{t=j} W_tl, and the same for W: dZ_kl/dW_ij = Σ_t 1{t=i} 1{l=j} X_kt
    double[][] dx = new double[B][D];
    double[][] dw = new double[D][E];
    for (int k = 0; k < B; k++) {
        for (int l = 0; l < E; l++) {
            for (int t = 0; t < D; t++) {
                for (int j = 0; j < D; j++) {
                    for (int i = 0; i < B; i++) {
                        dx[i][j] += dz[k][l] * (k == i ? 1 : 0) * (t == j ? 1 : 0) * w[t][l];
                    }
                    for (int e = 0; e < E; e++) {
                        dw[j][e] += dz[k][l] * (t == j ? 1 : 0) * (l == e ? 1 : 0) * x[k][t];
                    }
                }
            }
        }
    }
    say("dX", Tensor.of(dx));
    say("dW", Tensor.of(dw));

    Tensor byExample = Tensor.of(new double[D][E]);
    for (int k = 0; k < B; k++) { // x_k, a column, times the row dz_k
        byExample = byExample.add(batch.select(0, k).reshape(D, 1).matmul(gradient.select(0, k).reshape(1, E)));
    }
    compare("matrix form ", gradient.matmul(weight.transpose()), dx, batch.transpose().matmul(gradient), dw);
    compare("autograd    ", Autograd.vjp(v -> v.matmul(weight), batch, gradient), dx,
            Autograd.vjp(v -> batch.matmul(v), weight, gradient), dw);
    say("sum over examples of x dz^T", byExample);
}

static void compare(String what, Tensor dx, double[][] sumsX, Tensor dw, double[][] sumsW) {
    double difference = Math.max(distance(dx, Tensor.of(sumsX)), distance(dw, Tensor.of(sumsW)));
    IO.println(what + "dX " + dx.shape() + ", dW " + dw.shape() + ", from the sums at most " + difference);
}

static double distance(Tensor a, Tensor b) {
    return a.sub(b).abs().max().item();
}

static void say(String what, Tensor value) {
    IO.println(what + " " + value.to(DType.INT32)); // whole numbers
}
