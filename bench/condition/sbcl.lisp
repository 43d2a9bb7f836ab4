;;; SPDX-License-Identifier: MIT
;;; sbcl.lisp - the same in Common Lisp: sbcl --script sbcl.lisp [-r ROUNDS] [-n COUNT]; prints as bench/harness/bench.h says.
(define-condition trouble (error) ())
(defvar *declined* 0)
(defvar *cleaned* 0)
(declaim (fixnum *declined* *cleaned*) (notinline descend))

(defun option (name otherwise)
  (let ((at (member name sb-ext:*posix-argv* :test #'string=)))
    (if at (parse-integer (second at)) otherwise)))
(defparameter *rounds* (option "-r" 7))
(defparameter *count* (option "-n" 1000000))

(defun descend (depth)
  (declare (fixnum depth))
  (cond ((zerop depth) (error 'trouble))
        ((plusp (mod depth 3)) (1+ (the fixnum (descend (1- depth)))))
        (t (unwind-protect (descend (1- depth)) (incf *cleaned*)))))

(defun once ()
  (restart-case (descend 9) (go-on () nil)))

(defun nanoseconds ()
  (multiple-value-bind (seconds rest) (sb-unix::clock-gettime 1) ; the monotonic one
    (+ (* seconds 1000000000) rest)))

(defun measure (name count body)
  (let ((values (loop repeat (1+ *rounds*)
                      collect (let ((start (nanoseconds)))
                                (dotimes (i count) (funcall body))
                                (/ (float (- (nanoseconds) start) 1d0) count)))))
    (setf values (sort (rest values) #'<))
    (format t "~a/sbcl	~,1f	ns	~,1f	~,1f	~d~%" name
            (elt values (floor *rounds* 2)) (first values) (car (last values)) *rounds*)))

(handler-bind ((error (lambda (c) (declare (ignore c)) (incf *declined*))))
  (measure "condition.declined" *count* (lambda () (signal 'trouble))))
(handler-bind ((error (lambda (c) (declare (ignore c)) (invoke-restart 'go-on))))
  (measure "condition.transfer" (floor *count* 10) #'once))
(measure "condition.case" (floor *count* 10) (lambda () (handler-case (descend 9) (error () nil))))
