;;; SPDX-License-Identifier: MIT
;;; sbcl.lisp - the same with lparallel, a million elements: sbcl --dynamic-space-size 4096 --script sbcl.lisp
;;; It has no scan, no sort that is said to be stable, and none of texts that would be of the same kind.
(require :asdf)
(let ((*standard-output* (make-broadcast-stream)) (*error-output* (make-broadcast-stream)))
  (asdf:load-system :lparallel))

(defconstant +count+ 1000000)
(deftype doubles () '(simple-array double-float (*)))
(deftype ints () '(simple-array (signed-byte 32) (*)))
(defvar *state* 1)
(declaim (type (unsigned-byte 64) *state*))

(defun next-random ()
  (setf *state* (ldb (byte 64 0) (+ (* *state* 6364136223846793005) 1442695040888963407)))
  (ash *state* -32))

(defun fresh-doubles ()
  (let ((v (make-array +count+ :element-type 'double-float)))
    (dotimes (i +count+ v) (setf (aref v i) (/ (float (next-random) 1d0) 4294967296d0)))))

(defun fresh-ints ()
  (let ((v (make-array +count+ :element-type '(signed-byte 32))))
    (dotimes (i +count+ v) (setf (aref v i) (- (next-random) 2147483648)))))

(defun nanoseconds (work)
  (let ((start (get-internal-real-time)))
    (funcall work)
    (/ (* 1d9 (/ (- (get-internal-real-time) start) internal-time-units-per-second)) +count+)))

(defmacro figure (name workers fresh &body body)
  `(let ((times (loop repeat 6 collect (let ((v ,fresh)) (declare (ignorable v)) (nanoseconds (lambda () ,@body))))))
     (let ((kept (sort (rest times) #'<)))
       (format t "~a.w~d/lparallel~c~,3f~cns~c~,3f~c~,3f~c5~%" ,name ,workers #\tab (third kept) #\tab #\tab
               (first kept) #\tab (fifth kept) #\tab))))

(defun line (x) (declare (double-float x) (optimize speed)) (+ (* 3 x) 1))
(defun less-int (a b) (declare (type (signed-byte 32) a b) (optimize speed)) (< a b))
(defun less-double (a b) (declare (double-float a b) (optimize speed)) (< a b))

(loop for workers from 1 to 2 do
  (setf lparallel:*kernel* (lparallel:make-kernel workers))
  (let ((doubles (fresh-doubles)) (out (fresh-doubles)) (ints (fresh-ints)))
    (figure "map" workers nil (lparallel:pmap-into out #'line doubles))
    (figure "reduce" workers nil (assert (plusp (lparallel:preduce #'+ doubles :initial-value 0d0))))
    (figure "filter" workers nil (assert (plusp (length (lparallel:premove-if #'evenp ints)))))
    (figure "sort.int" workers (fresh-ints) (lparallel:psort v #'less-int))
    (figure "sort.double" workers (fresh-doubles) (lparallel:psort v #'less-double)))
  (lparallel:end-kernel :wait t))
